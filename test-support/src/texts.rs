//! Texts whose words are as frequent as in natural ones, to search in.

use fastrand::Rng;

/// So many words.
pub fn text(rng: &mut Rng, words: usize) -> String {
    let words: Vec<String> = (0..words).map(|_| word(rng)).collect();
    words.join(" ")
}

/// The n-th most frequent word has a probability of about 1/n.
fn word(rng: &mut Rng) -> String {
    let rank = (20_000_f64.powf(rng.f64())) as usize;
    match rank {
        1 => "the".to_owned(),
        2 => "of".to_owned(),
        // What makes words differ comes first, as it does in natural ones.
        rank if rank % 2 == 0 => format!("{rank}th"),
        rank => format!("word{rank}"),
    }
}
