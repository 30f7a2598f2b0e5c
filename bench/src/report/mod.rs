//! The report: a page in Markdown with charts in SVG.

mod chart;
mod charts;
mod page;

use std::fs;
use std::path::Path;

use crate::Result;
use crate::measured::Measured;
use crate::options::Scale;

/// Writes `benchmarks.md`, and its charts into `benchmarks/`.
pub fn write(folder: &Path, scale: &Scale, measured: &Measured) -> Result<()> {
    let pictures = folder.join("benchmarks");
    fs::create_dir_all(&pictures)?;
    for (name, svg) in charts::all(measured) {
        fs::write(pictures.join(name), svg)?;
    }
    let path = folder.join("benchmarks.md");
    fs::write(&path, page::markdown(scale, measured))?;
    println!("written: {}", path.display());
    Ok(())
}
