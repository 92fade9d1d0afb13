//! Text in columns: nothing is wider than asked for, nothing hidden is left, nothing gets lost.
#![no_main]

use clusterdx::locale;
use clusterdx::report::{layout, sanitize};
use clusterdx_fuzz::{Dice, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut dice = Dice::of(data);
    let most = [6, 40, 200][dice.below(3)];
    let columns = 2 + dice.below(most);
    within((1 << 20) + data.len() * 100, || {
        let safe = sanitize::line(&text);
        assert!(!safe.chars().any(char::is_control), "{safe:?}");
        assert_eq!(sanitize::line(&safe), safe);
        assert_eq!(
            sanitize::lines(&sanitize::lines(&text)),
            sanitize::lines(&text)
        );

        for short in [
            layout::shorten(&safe, columns),
            layout::shorten_path(&safe, columns),
        ] {
            assert!(
                layout::width(&short) <= columns,
                "{short:?} is wider than {columns}"
            );
        }
        assert!(layout::width(&layout::pad(&safe, columns)) >= columns);
        let rows = layout::wrap(&safe, columns);
        for row in &rows {
            assert!(
                layout::width(row) <= columns,
                "{row:?} is wider than {columns}"
            );
        }
        let dense = |text: &str| {
            text.chars()
                .filter(|c| !c.is_whitespace())
                .collect::<String>()
        };
        assert_eq!(dense(&rows.concat()), dense(&safe), "words get lost");
        assert!(layout::wrap_rows(&safe, columns, 3).len() <= 3);
        for place in locale::places(&text) {
            assert!(text.contains(&format!("{{{place}}}")));
        }
    });
});
