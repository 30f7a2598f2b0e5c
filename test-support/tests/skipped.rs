//! Not a test: the last program of `cargo test --workspace`, which lists what the others had to skip.

use std::io;

fn main() -> io::Result<()> {
    for line in test_support::take_skipped()? {
        println!("{line}");
    }
    Ok(())
}
