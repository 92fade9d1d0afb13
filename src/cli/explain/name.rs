//! A name of a product on a page of its own: an alarm, a state, a reason.

use crate::catalog::{Name, NameKind};
use crate::report::paint::Tint;
use crate::report::sanitize;

use super::{Page, same};

impl Page<'_> {
    /// A fault of its own tells what to do.
    fn is_fault(&self, name: &Name) -> bool {
        let known = |known: &String| same(known, &name.name);
        let mut faults = self.catalog.faults.iter();
        faults.any(|fault| fault.known_as.iter().any(known))
    }

    pub(super) fn name(&mut self, name: &Name) {
        let heading = self.paint(&sanitize::line(&name.name), Tint::Bold);
        self.line(0, &heading);
        let product = self
            .locale
            .word(&format!("product.{}", name.product.as_str()))
            .to_owned();
        let level = name
            .level
            .map(|level| self.locale.word(&format!("level.{level}")).to_owned());
        let told = match (&name.facility, level, name.level) {
            (Some(facility), Some(word), Some(number)) => {
                let facility = sanitize::line(facility);
                let values = [
                    ("product", product.as_str()),
                    ("facility", &facility),
                    ("number", &number.to_string()),
                    ("word", &word),
                ];
                self.locale.fill("explain.name.alarm_of", &values)
            }
            _ => self.locale.fill(about(name.is), &[("product", &product)]),
        };
        self.line(0, &told);
        if !name.known_as.is_empty() {
            let names = self
                .locale
                .fill("explain.also", &[("names", &name.known_as.join(", "))]);
            self.prose(0, &names);
        }
        if let Some(title) = &name.title {
            self.out.push('\n');
            self.prose(0, title);
        }
        self.section("explain.meaning", name.meaning.as_ref());
        match &name.advice {
            Some(advice) => self.section("explain.advice", Some(advice)),
            None if name.is == NameKind::Alarm && !self.is_fault(name) => {
                self.heading("explain.advice");
                let page = self.locale.word("explain.name.page").to_owned();
                self.prose(2, &page);
            }
            None => {}
        }
    }
}

fn about(kind: NameKind) -> &'static str {
    match kind {
        NameKind::Alarm => "explain.name.alarm",
        NameKind::State => "explain.name.state",
        NameKind::Reason => "explain.name.reason",
    }
}
