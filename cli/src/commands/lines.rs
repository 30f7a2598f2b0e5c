//! Lines of a response that is read as it arrives.

use reqwest::Response;

use crate::failure::Failure;

/// The lines of a response.
pub struct Lines {
    response: Response,
    buffer: Vec<u8>,
}

impl Lines {
    /// Of this response.
    pub fn new(response: Response) -> Self {
        Self {
            response,
            buffer: Vec::new(),
        }
    }

    /// The next line without its end; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.buffer[searched..]
                .iter()
                .position(|byte| *byte == b'\n')
            {
                let rest = self.buffer.split_off(searched + at + 1);
                let mut line = std::mem::replace(&mut self.buffer, rest);
                line.pop();
                return Ok(Some(line));
            }
            searched = self.buffer.len();
            match self.response.chunk().await.map_err(broken)? {
                Some(piece) => self.buffer.extend_from_slice(&piece),
                None => {
                    return Ok(
                        Some(std::mem::take(&mut self.buffer)).filter(|line| !line.is_empty())
                    );
                }
            }
        }
    }
}

/// The failure for a response that breaks off.
pub fn broken(error: reqwest::Error) -> Failure {
    Failure::Unavailable(format!(
        "the export was interrupted, run it again to go on: {error}"
    ))
}
