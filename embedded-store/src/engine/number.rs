//! Numbers as Redis reads and writes them.

use super::failure::Failure;

/// Reads a canonical decimal integer: no sign but `-`, no leading zeros, no spaces.
pub(super) fn parse_integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = match digits {
        [b'0'] => text == b"0",
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let text = std::str::from_utf8(text).ok().filter(|_| canonical)?;
    text.parse().ok()
}

/// [`parse_integer`], with the error reply of a command's argument.
pub(super) fn integer_argument(text: &[u8]) -> Result<i64, Failure> {
    parse_integer(text).ok_or(Failure::NOT_AN_INTEGER)
}

/// Reads a score: decimal or `inf`, not NaN, without overflow or underflow of a double.
pub(super) fn float_argument(text: &[u8]) -> Result<f64, Failure> {
    let text = std::str::from_utf8(text).map_err(|_| Failure::NOT_A_FLOAT)?;
    let value: f64 = text.parse().map_err(|_| Failure::NOT_A_FLOAT)?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let has_nonzero_digit = mantissa.contains(|c: char| matches!(c, '1'..='9'));
    let overflowed = value.is_infinite() && mantissa.contains(|c: char| c.is_ascii_digit());
    let underflowed = value == 0.0 && has_nonzero_digit;
    if value.is_nan() || overflowed || underflowed {
        return Err(Failure::NOT_A_FLOAT);
    }
    Ok(value)
}

/// Writes a double as C's `%.17g` does, which is how Redis 7.0 replies with scores.
pub(super) fn format_double(value: f64) -> String {
    if value.is_nan() {
        return if value.is_sign_negative() {
            "-nan"
        } else {
            "nan"
        }
        .to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    // Rounds to 17 significant digits; the exponent decides between the two notations.
    let scientific = format!("{value:.16e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..17).contains(&exponent) {
        let decimals = usize::try_from(16 - exponent).unwrap_or_default();
        return without_trailing_zeros(&format!("{value:.decimals$}")).to_owned();
    }
    let mantissa = without_trailing_zeros(mantissa);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

fn without_trailing_zeros(number: &str) -> &str {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_canonical() {
        for (text, value) in [("0", 0), ("-1", -1), ("9223372036854775807", i64::MAX)] {
            assert_eq!(parse_integer(text.as_bytes()), Some(value));
        }
        for text in [
            "",
            "-",
            "-0",
            "01",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "9223372036854775808",
        ] {
            assert_eq!(parse_integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_must_fit() {
        for text in ["1e400", "-1e400", "1e-400", "nan", "", " 1", "1x"] {
            assert!(float_argument(text.as_bytes()).is_err(), "{text}");
        }
        assert_eq!(float_argument(b"-INF"), Ok(f64::NEG_INFINITY));
        assert_eq!(float_argument(b"0e5"), Ok(0.0));
    }

    #[test]
    fn doubles_print_as_in_c() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (0.1, "0.10000000000000001"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (123_456_789_012_345_678.0, "1.2345678901234568e+17"),
            (0.0001, "0.0001"),
            (1e-5, "1.0000000000000001e-05"),
            (5e-324, "4.9406564584124654e-324"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(format_double(value), text);
        }
    }
}
