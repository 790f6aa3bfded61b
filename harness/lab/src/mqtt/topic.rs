//! Topic names and filters (MQTT 5.0 section 4.7).

/// Whether a message may be published under this name: not empty, no wildcards, no U+0000.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(['+', '#', '\0'])
}

/// Whether a client may subscribe to this: wildcards fill whole levels, `#` only the last.
pub(super) fn is_filter(text: &str) -> bool {
    if text.is_empty() || text.contains('\0') {
        return false;
    }
    let mut levels = text.split('/').peekable();
    while let Some(level) = levels.next() {
        let stands_alone = level.len() == 1;
        if level.contains('#') && !(stands_alone && levels.peek().is_none()) {
            return false;
        }
        if level.contains('+') && !stands_alone {
            return false;
        }
    }
    true
}

/// Whether a filter takes in a name. A wildcard in the first level takes in no name that begins with `$`.
pub(super) fn matches(filter: &str, name: &str) -> bool {
    if name.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut filter = filter.split('/');
    let mut name = name.split('/');
    loop {
        match (filter.next(), name.next()) {
            // `a/#` takes in `a` too.
            (Some("#"), _) => return true,
            (Some("+"), Some(_)) => {}
            (Some(wanted), Some(level)) if wanted == level => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// A name that a filter takes in, with `fill` for what it leaves open.
pub(super) fn name_for(filter: &str, fill: &str) -> String {
    let levels: Vec<&str> =
        filter.split('/').map(|level| if matches!(level, "+" | "#") { fill } else { level }).collect();
    levels.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_standard() {
        let game = "sport/tennis/player1";
        for filter in
            ["sport/tennis/player1/#", "sport/tennis/+", "#", "sport/#", "+/tennis/#", "sport/+/player1"]
        {
            assert!(is_filter(filter) && matches(filter, game), "{filter}");
        }
        for filter in ["sport/+", "sport", "+", "sport/tennis/player1/+", "/sport/tennis/player1"] {
            assert!(is_filter(filter) && !matches(filter, game), "{filter}");
        }
        assert!(matches("sport/#", "sport") && matches("+/+", "/finance") && matches("/+", "/finance"));
        assert!(!matches("+", "/finance"));
        assert!(
            !matches("#", "$SYS/uptime")
                && !matches("+/uptime", "$SYS/uptime")
                && matches("$SYS/#", "$SYS/uptime")
        );
        for wrong in ["sport/tennis#", "sport/tennis/#/ranking", "sport+", "", "a\0"] {
            assert!(!is_filter(wrong), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_filter_takes_in_the_name_made_for_it(filter in "[a-c+#/]{1,8}") {
            prop_assume!(is_filter(&filter));
            let name = name_for(&filter, "x");
            prop_assert!(matches(&filter, &name), "{filter} {name}");
        }

        #[test]
        fn any_text_is_judged(filter in "\\PC{0,12}", name in "\\PC{0,12}") {
            let _ = (is_filter(&filter), is_name(&name), matches(&filter, &name));
        }
    }
}
