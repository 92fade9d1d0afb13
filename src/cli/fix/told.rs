//! The report of a run: what its journal says, as a page.

use std::path::Path;

use crate::catalog::Catalog;
use crate::execute::Journal;
use crate::model::plan::Plan;
use crate::report::page::{self, Limits};
use crate::report::{html, markdown, sanitize};

use super::super::args::FixArgs;
use super::super::failure::{Failure, Trouble};
use super::super::output::Target;
use super::super::settings;

/// Where the report goes, and in which form.
pub(super) struct Report {
    target: Target,
    is_markdown: bool,
}

/// Judges `--report` before anything is contacted.
///
/// # Errors
/// The file cannot be made there, is one of the inputs, or its name tells no form.
pub(super) fn target(args: &FixArgs) -> Result<Option<Report>, Failure> {
    let Some(path) = &args.report else {
        return Ok(None);
    };
    let ending = path.extension().and_then(|ending| ending.to_str());
    let is_markdown = match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("md" | "markdown") => true,
        Some("html" | "htm") => false,
        _ => {
            let trouble = Trouble::new(format!("cannot write the report '{}'", path.display()));
            let trouble = trouble.cause("its name does not tell its form");
            return Err(trouble.help("let it end in '.html' or '.md'").into());
        }
    };
    let given = [Some(&args.planned.inventory), args.resume.as_ref()];
    let given = given
        .into_iter()
        .flatten()
        .map(|path| path.display().to_string());
    let inputs: Vec<String> = args.paths.iter().cloned().chain(given).collect();
    Ok(Some(Report {
        target: Target::new(Some(path), &inputs)?,
        is_markdown,
    }))
}

impl Report {
    /// Writes what the journal says.
    ///
    /// # Errors
    /// The journal cannot be read, or the report not be written.
    pub(super) fn write(
        &self,
        plan: &Plan,
        journal: &Path,
        args: &FixArgs,
        catalog: &Catalog,
    ) -> Result<(), Failure> {
        let entries = Journal::entries(journal).map_err(|error| super::unusable(&error))?;
        let lang = settings::language(args.planned.knowledge.lang);
        let locale = settings::locale(catalog, lang);
        self.target.write(|out| {
            let plan = sanitize::value(plan)?;
            let made = |limits: Limits| page::run(&locale, &plan, &entries, limits);
            let text = match self.is_markdown {
                true => markdown::bounded(&locale, made),
                false => html::bounded(&locale, made),
            };
            out.write_all(text.as_bytes())
        })
    }
}
