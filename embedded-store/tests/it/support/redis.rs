//! A small client of Redis's own protocol, to compare its replies with those of the engine.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use embedded_store::reply::Reply;
use test_support::redis_server::RedisServer;

/// A connection to Redis that returns the engine's type of reply.
pub struct RedisConnection(BufReader<TcpStream>);

impl RedisConnection {
    pub fn to(server: &RedisServer) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    pub fn execute(&mut self, command: &[Vec<u8>]) -> Reply {
        let mut request = format!("*{}\r\n", command.len()).into_bytes();
        for word in command {
            request.extend(format!("${}\r\n", word.len()).into_bytes());
            request.extend_from_slice(word);
            request.extend_from_slice(b"\r\n");
        }
        self.0.get_mut().write_all(&request).unwrap();
        self.read().unwrap()
    }

    fn read(&mut self) -> io::Result<Reply> {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line)?;
        let line = String::from_utf8_lossy(&line);
        let rest = line.get(1..).unwrap_or_default().trim_end_matches("\r\n");
        let number = || rest.parse::<i64>().unwrap();
        Ok(match line.chars().next() {
            Some('+') => Reply::Status(rest.to_owned()),
            Some('-') => Reply::Error(rest.to_owned()),
            Some(':') => Reply::Int(number()),
            Some('$' | '*') if number() < 0 => Reply::Nil,
            Some('$') => {
                let mut bytes = vec![0; usize::try_from(number()).unwrap() + 2];
                self.0.read_exact(&mut bytes)?;
                bytes.truncate(bytes.len() - 2);
                Reply::Bulk(bytes)
            }
            Some('*') => Reply::Array(
                (0..number())
                    .map(|_| self.read())
                    .collect::<io::Result<_>>()?,
            ),
            other => panic!("not a reply: {other:?}"),
        })
    }
}
