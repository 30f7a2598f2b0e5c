//! Finds where lines and JSON values end, without reading what is in them.

use std::io::{BufRead, ErrorKind};

use crate::error::SplitError;

/// The most bytes of a line or value that are held.
const LARGEST: usize = 1 << 30;

/// A source, read byte by byte.
#[derive(Debug)]
pub(crate) struct Scanner<R>(R);

impl<R: BufRead> Scanner<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self(reader)
    }

    /// The next byte, which stays; `None` at the end.
    pub(crate) fn peek(&mut self) -> Result<Option<u8>, SplitError> {
        Ok(self.buffer()?.first().copied())
    }

    fn buffer(&mut self) -> Result<&[u8], SplitError> {
        loop {
            match self.0.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(SplitError::Io(error)),
            }
        }
        self.0.fill_buf().map_err(SplitError::Io)
    }

    /// Consumes the next byte into `into`.
    pub(crate) fn take(&mut self, into: &mut Vec<u8>) -> Result<(), SplitError> {
        if let Some(byte) = self.peek()? {
            into.push(byte);
            self.0.consume(1);
        }
        Ok(())
    }

    /// Consumes whitespace into `into`, and returns the next byte.
    pub(crate) fn space(&mut self, into: &mut Vec<u8>) -> Result<Option<u8>, SplitError> {
        loop {
            match self.peek()? {
                Some(byte) if byte.is_ascii_whitespace() => self.take(into)?,
                next => return Ok(next),
            }
        }
    }

    /// Passes over a byte order mark.
    pub(crate) fn mark(&mut self) -> Result<(), SplitError> {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if self.buffer()?.starts_with(MARK) {
            self.0.consume(MARK.len());
        }
        Ok(())
    }

    /// The next line with its end; `None` at the end.
    pub(crate) fn line(&mut self) -> Result<Option<Vec<u8>>, SplitError> {
        let mut line = Vec::new();
        self.take_while(&mut line, |byte| byte != b'\n')?;
        self.take(&mut line)?;
        Ok(Some(line).filter(|line| !line.is_empty()))
    }

    /// A value, which goes into `into`; the next byte is its first.
    pub(crate) fn value(&mut self, into: &mut Vec<u8>) -> Result<(), SplitError> {
        let mut state = match self.peek()? {
            Some(b'"' | b'{' | b'[') => ValueState::default(),
            _ => return self.take_while(into, is_in_literal),
        };
        self.take_while(into, |byte| state.goes_on(byte))?;
        if !state.is_done {
            return Err(SplitError::NotJson);
        }
        Ok(())
    }

    fn take_while(
        &mut self,
        into: &mut Vec<u8>,
        mut goes_on: impl FnMut(u8) -> bool,
    ) -> Result<(), SplitError> {
        loop {
            let buffer = self.buffer()?;
            let length = buffer.iter().take_while(|byte| goes_on(**byte)).count();
            let is_all = length == buffer.len();
            let is_end = buffer.is_empty();
            into.extend(&buffer[..length]);
            self.0.consume(length);
            if is_end || !is_all {
                return Ok(());
            }
            if into.len() > LARGEST {
                return Err(SplitError::TooLarge);
            }
        }
    }
}

/// How many bytes the value has that a text begins with.
pub(crate) fn value_end(text: &[u8]) -> usize {
    let mut state = ValueState::default();
    match text.first() {
        Some(b'"' | b'{' | b'[') => text.iter().take_while(|byte| state.goes_on(**byte)).count(),
        _ => text.iter().take_while(|byte| is_in_literal(**byte)).count(),
    }
}

/// Whether a byte belongs to a number, or to `true`, `false` or `null`.
fn is_in_literal(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !b",]}:".contains(&byte)
}

/// Where in a string, an object or an array a byte is.
#[derive(Default)]
struct ValueState {
    depth: usize,
    is_string: bool,
    is_escaped: bool,
    has_begun: bool,
    is_done: bool,
}

impl ValueState {
    /// Whether a byte belongs to the value.
    fn goes_on(&mut self, byte: u8) -> bool {
        if self.has_begun && !self.is_string && self.depth == 0 {
            self.is_done = true;
            return false;
        }
        self.has_begun = true;
        if self.is_string {
            self.is_string = self.is_escaped || byte != b'"';
            self.is_escaped = !self.is_escaped && byte == b'\\';
        } else {
            match byte {
                b'"' => self.is_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        true
    }
}
