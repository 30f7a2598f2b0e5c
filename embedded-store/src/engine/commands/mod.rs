//! Every command the engine knows, one family per file.

mod bitfields;
mod expiry;
mod hashes;
mod keys;
mod outcome;
mod ranges;
mod scans;
mod scripts;
mod server;
mod sorted_sets;
mod strings;

use super::spec::Spec;

/// Every command there is.
pub(super) static FAMILIES: &[&[Spec]] = &[
    server::COMMANDS,
    keys::COMMANDS,
    expiry::COMMANDS,
    strings::COMMANDS,
    bitfields::COMMANDS,
    hashes::COMMANDS,
    sorted_sets::COMMANDS,
    ranges::COMMANDS,
    scans::COMMANDS,
    scripts::COMMANDS,
];
