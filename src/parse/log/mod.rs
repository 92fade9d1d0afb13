//! Log formats, one per file.

pub mod certificate;
pub mod cms_api;
pub mod cms_events;
pub mod cms_pki;
pub mod cms_status;
pub mod cms_syslog;
mod continued;
pub mod erlang;
pub mod expressway;
pub mod expressway_dump;
pub mod imp_ciscolog;
pub mod imp_cli;
pub mod imp_log4j;
pub mod imp_page;
pub mod imp_soap;
pub mod imp_xcp;
pub mod libpq;
pub mod packet_list;
mod parts;
pub mod postgres;

use super::scan::line_start;

/// Starts of the lines that hold the positions `picks`, each once, in rising order.
pub(crate) fn picked_lines<'p>(
    bytes: &'p [u8],
    picks: &'p [usize],
) -> impl Iterator<Item = usize> + 'p {
    let mut last = None;
    picks
        .iter()
        .filter(|pick| **pick < bytes.len())
        .filter_map(move |pick| {
            let start = line_start(bytes, *pick);
            // picks rise, so only the line before can be the same
            (last.replace(start) != Some(start)).then_some(start)
        })
}

/// The lines that a parser has to look at: all, or those that are picked.
fn wanted_lines<'p>(
    bytes: &'p [u8],
    picks: Option<&'p [usize]>,
) -> Box<dyn Iterator<Item = usize> + 'p> {
    match picks {
        Some(picks) => Box::new(picked_lines(bytes, picks)),
        None => Box::new(super::scan::lines(bytes).map(|(start, _)| start)),
    }
}
