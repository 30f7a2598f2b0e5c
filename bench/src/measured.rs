//! The results of a run, which the report is made from.

use crate::footprint::{Footprint, Sizes};
use crate::load::Load;
use crate::measure::{Cost, Sweep};
use crate::process::Memory;
use crate::side::Pair;

/// All results of a run.
pub struct Measured {
    pub machine: Vec<(&'static str, String)>,
    pub costs: Vec<Pair<Cost>>,
    pub sweeps: Vec<Sweep>,
    pub loads: Vec<Load>,
    pub footprints: Pair<Footprint>,
    /// The memory of each process at the end of the run.
    pub memory: Vec<(&'static str, Memory)>,
    pub sizes: Sizes,
}
