//! What the script takes that adds up the service's metrics. It acts for no user, so it is no procedure.

use std::time::Duration;

use crate::store::contract::arguments;

arguments! {
    /// A batch of numbers.
    MetricsAdd<'a> {
        batch: &'a str,
        ttl: Duration,
        series: &'a [String],
    }
}
