//! The format of one line of the log.
//!
//! A checksum, then the record's commands: `0123456789abcdef<TAB>SET key value<TAB>DEL other`. Words
//! are separated by spaces; other bytes than printable ASCII, and the percent sign, are escaped as in
//! `%20`.

use crate::reply::Command;

/// Appends `commands` as one line.
pub(super) fn encode(commands: &[Command], log: &mut Vec<u8>) {
    let mut body = Vec::new();
    for command in commands {
        let mut separator = b'\t';
        for word in command {
            body.push(separator);
            escape(word, &mut body);
            separator = b' ';
        }
    }
    log.extend_from_slice(&checksum(&body));
    log.append(&mut body);
    log.push(b'\n');
}

/// Reads a whole line back, unless it is torn or corrupt.
pub(super) fn decode(line: &[u8]) -> Option<Vec<Command>> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, body) = line.split_at_checked(CHECKSUM_LEN)?;
    if *sum != checksum(body) {
        return None;
    }
    let commands = body.strip_prefix(b"\t")?.split(|byte| *byte == b'\t');
    commands
        .map(|command| command.split(|byte| *byte == b' ').map(unescape).collect())
        .collect()
}

const CHECKSUM_LEN: usize = 16;

/// The first 64 bits of the body's SHA-1, in hexadecimal.
fn checksum(body: &[u8]) -> [u8; CHECKSUM_LEN] {
    let digest = sha1_smol::Sha1::from(body).digest().bytes();
    let mut sum = [0; CHECKSUM_LEN];
    for (pair, byte) in sum.chunks_exact_mut(2).zip(digest) {
        pair.copy_from_slice(&hex(byte));
    }
    sum
}

fn hex(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [
        DIGITS[usize::from(byte >> 4)],
        DIGITS[usize::from(byte & 15)],
    ]
}

fn escape(word: &[u8], line: &mut Vec<u8>) {
    for byte in word {
        if byte.is_ascii_graphic() && *byte != b'%' {
            line.push(*byte);
        } else {
            line.push(b'%');
            line.extend_from_slice(&hex(*byte));
        }
    }
}

fn unescape(word: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    loop {
        rest = match rest {
            [] => return Some(bytes),
            [b'%', high, low, rest @ ..] => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest
            }
            [b'%', ..] => return None,
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_survive() {
        let all_bytes: Vec<u8> = (0..=255).collect();
        let commands = vec![
            vec![b"SET".to_vec(), all_bytes, Vec::new()],
            vec![b"DEL".to_vec(), b"%20 \t\n".to_vec()],
        ];
        let mut line = Vec::new();
        encode(&commands, &mut line);
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!(decode(&line), Some(commands));
    }

    #[test]
    fn damage_is_detected() {
        let mut line = Vec::new();
        encode(
            &[vec![b"SET".to_vec(), b"k".to_vec(), b"v".to_vec()]],
            &mut line,
        );
        for end in 0..line.len() {
            assert_eq!(decode(&line[..end]), None);
        }
        for index in 0..line.len() {
            let mut damaged = line.clone();
            damaged[index] ^= 1;
            assert_eq!(decode(&damaged), None);
        }
    }
}
