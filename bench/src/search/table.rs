//! The tables that are printed.

use std::time::Duration;

use super::measure::{Cost, Figures, Pages};
use crate::statistics::Times;
use crate::table::Table;
use crate::units::{bytes, milliseconds};

/// A row per design.
pub fn summary(figures: &[Figures]) -> String {
    let mut table = Table::new(&[
        "",
        "index, of what is stored",
        "a page: commands, requests",
        "median",
        "p95",
        "Redis",
        "an append: commands",
        "written anew",
        "Redis",
        "a deletion: commands, requests",
        "written anew",
    ]);
    for one in figures {
        table.row([
            one.name.clone(),
            format!("{:.1} %", one.share * 100.0),
            calls(&most(one)),
            range(one, |pages| pages.times.p50()),
            range(one, |pages| pages.times.p95()),
            range(one, |pages| pages.cost.redis),
            one.append.commands.to_string(),
            bytes(one.append.rewritten),
            milliseconds(one.append.redis),
            calls(&one.deletion),
            bytes(one.deletion.rewritten),
        ]);
    }
    table.finish()
}

/// A row per design and query.
pub fn pages(figures: &[Figures]) -> String {
    let mut table = Table::new(&["", "query", "commands, requests", "median", "p95", "Redis"]);
    for one in figures {
        for pages in &one.pages {
            table.row([
                one.name.clone(),
                format!("`{}`", pages.query),
                calls(&pages.cost),
                milliseconds(pages.times.p50()),
                milliseconds(pages.times.p95()),
                milliseconds(pages.cost.redis),
            ]);
        }
    }
    table.finish()
}

/// The most requests and commands of any query's pages.
fn most(figures: &Figures) -> Cost {
    let costs = figures.pages.iter().map(|pages| pages.cost);
    costs.fold(Cost::default(), Cost::most)
}

/// The best and the worst of all queries.
fn range(figures: &Figures, time: impl Fn(&Pages) -> Duration) -> String {
    let times: Times = figures.pages.iter().map(time).collect();
    let (best, worst) = times.range();
    format!("{} to {}", milliseconds(best), milliseconds(worst))
}

fn calls(cost: &Cost) -> String {
    format!("{}, {}", cost.commands, cost.requests)
}
