//! What operators and their monitoring get to see.

use crate::health::Check;
use crate::model::ObjectWriter;
use crate::upstash::CircuitState;

/// Whether Redis responds. Open to anybody, so it says nothing of where Redis is.
pub fn health(check: &Check, circuit: CircuitState) -> String {
    let word = match check.result {
        Ok(_) => "healthy",
        Err(_) => "unhealthy",
    };
    let json = ObjectWriter::with_capacity(160)
        .string("status", word)
        .display("timestamp", check.timestamp)
        .string("circuit", circuit.as_str());
    let json = match &check.result {
        Ok(latency) => json.plain("latencyMs", format!("{:.1}", latency.as_secs_f64() * 1e3)),
        Err(error) => json.string("error", error),
    };
    json.finish()
}

/// A report that is counted with the next batch.
pub fn accepted() -> String {
    let json = ObjectWriter::with_capacity(24);
    json.plain("accepted", true).finish()
}
