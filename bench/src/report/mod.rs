//! The report: a page in Markdown with charts in SVG.

mod chart;
mod charts;
mod page;
mod readme;

use std::fs;
use std::path::Path;

use crate::Result;
use crate::measured::Measured;
use crate::options::Scale;

/// Writes `benchmarks.md`, and its charts into `benchmarks/`; prints what README.md quotes of it.
pub fn write(folder: &Path, scale: &Scale, measured: &Measured) -> Result<()> {
    let pictures = folder.join("benchmarks");
    fs::create_dir_all(&pictures)?;
    for (name, svg) in charts::all(measured) {
        fs::write(pictures.join(name), svg)?;
    }
    let path = folder.join("benchmarks.md");
    fs::write(&path, page::markdown(scale, measured))?;
    println!("written: {}", path.display());
    println!("\nFor README.md:\n\n{}", readme::points(measured)?);
    Ok(())
}
