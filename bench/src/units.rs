//! Formatting numbers for readers.

use std::time::Duration;

/// About three significant digits.
pub fn milliseconds(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1_000.0;
    format!("{} ms", digits(ms))
}

/// In decimal units, as networks and bills count.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", digits(bytes as f64 / 1e3)),
        _ => format!("{} MB", digits(bytes as f64 / 1e6)),
    }
}

/// `3.4×`.
pub fn times(ratio: f64) -> String {
    format!("{}×", digits(ratio))
}

/// `12,345`.
pub fn count(number: u64) -> String {
    let text = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in text.chars().enumerate() {
        if index > 0 && (text.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn digits(number: f64) -> String {
    match number {
        _ if number < 10.0 => format!("{number:.2}"),
        _ if number < 100.0 => format!("{number:.1}"),
        _ => count(number.round() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(milliseconds(Duration::from_micros(1_234)), "1.23 ms");
        assert_eq!(milliseconds(Duration::from_millis(12_345)), "12,345 ms");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(45_678), "45.7 kB");
        assert_eq!(bytes(3_200_000), "3.20 MB");
        assert_eq!(times(0.5), "0.50×");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(100), "100");
    }
}
