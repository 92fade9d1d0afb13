//! The only user of the YAML library: text to the shapes of `raw.rs`, errors with place.

use serde::de::DeserializeOwned;

use super::Problem;

/// Largest rule file in bytes.
const FILE_BYTES: usize = 1 << 20;

/// Reads one file. Anchors that multiply the text are refused by the library's budget.
pub fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Problem> {
    if text.len() > FILE_BYTES {
        return Err(Problem::new(
            file,
            format!("larger than {FILE_BYTES} bytes"),
        ));
    }
    serde_saphyr::from_str::<T>(text).map_err(|error| {
        let place = error.location();
        let mut problem = Problem::new(file, first_line(&error.to_string()));
        problem.line = place.map(|at| at.line());
        problem.column = place.map(|at| at.column());
        problem
    })
}

/// The library renders a source snippet below its message; the place is printed by us.
fn first_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or("");
    let line = line.strip_prefix("error: ").unwrap_or(line);
    match line.split_once(": ") {
        Some((place, rest)) if place.starts_with("line ") => rest.to_owned(),
        _ => line.to_owned(),
    }
}

/// Line and column of a word that stands below the given words, each searched for after the
/// one before: good enough to point at a name that is known to stand there.
pub fn locate(text: &str, path: &[&str]) -> Option<(u64, u64)> {
    let mut at = 0;
    let mut found = None;
    for word in path {
        let from = text.get(at..)?;
        let Some(offset) = find_word(from, word) else {
            break;
        };
        found = Some(at + offset);
        at += offset + word.len();
    }
    let before = text.get(..found?)?;
    let line = before.bytes().filter(|byte| *byte == b'\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() as u64 + 1;
    Some((line, column))
}

fn find_word(text: &str, word: &str) -> Option<usize> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let before = text.get(..*at).and_then(|t| t.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(inside) && !after.is_some_and(inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_below_its_parents() {
        let text = "id: a\nsignals:\n  one: {format: x}\n  two: {format: x}\n";
        assert_eq!(locate(text, &["two", "format"]), Some((4, 9)));
        assert_eq!(locate(text, &["two", "absent"]), Some((4, 3)));
        assert_eq!(locate(text, &["absent"]), None);
    }
}
