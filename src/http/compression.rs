//! Which responses are compressed, and how.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, HeaderMap};

/// From this size on, in bytes: below it a response fits one packet as it is.
pub(super) const WORTH_IT: usize = 1_024;

/// Compresses `body`; `None` where that does not make it shorter.
pub(super) fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let packed = try_gzip(body).ok()?;
    (packed.len() < body.len()).then_some(packed)
}

fn try_gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    // The quickest level: the time it saves a caller must not be spent here.
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

/// Whether the client takes gzip: by name, or, where gzip is not named, by `*`.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    let codings = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(coding);
    let (mut named, mut any) = (None, None);
    for (name, is_wanted) in codings {
        match name.as_str() {
            "gzip" | "x-gzip" => named = Some(is_wanted),
            "*" => any = Some(is_wanted),
            _ => {}
        }
    }
    named.or(any).unwrap_or(false)
}

/// `gzip;q=0.5`: the name, in lower case, and whether its weight is above zero.
fn coding(text: &str) -> (String, bool) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts.find_map(|part| {
        part.strip_prefix("q=")
            .or_else(|| part.strip_prefix("Q="))
            .map(|weight| weight.parse::<f32>().unwrap_or(0.0))
    });
    (name, weight.unwrap_or(1.0) > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;
    use std::io::Read;

    fn accepts(value: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap());
        accepts_gzip(&headers)
    }

    #[test]
    fn reads_what_clients_send() {
        for yes in [
            "gzip",
            "deflate, GZIP",
            "br;q=1.0, gzip;q=0.1",
            "*",
            "identity;q=0, x-gzip",
        ] {
            assert!(accepts(yes), "{yes}");
        }
        for no in [
            "",
            "identity",
            "br",
            "gzip;q=0",
            "gzip; q=0.000, *",
            "*;q=0",
            "gzip;q=x",
            "gzippy",
        ] {
            assert!(!accepts(no), "{no}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    proptest! {
        #[test]
        fn what_is_packed_is_shorter_and_comes_back(text in "[a-z ]{0,4000}") {
            if let Some(packed) = gzip(text.as_bytes()) {
                prop_assert!(packed.len() < text.len());
                let mut unpacked = String::new();
                flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut unpacked).unwrap();
                prop_assert_eq!(unpacked, text);
            }
        }

        #[test]
        fn any_header_is_read(value in "[ -~]{0,100}") {
            accepts(&value);
        }
    }
}
