//! What takes the place of words in braces, in what is said to a device and in its answers.

use crate::names::Dut;

/// What takes the place of `{key}` and its like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filling<'a> {
    /// What only one command has: `key`, `value`, the words of a `send` step.
    pub(crate) words: Vec<(&'a str, &'a str)>,
    /// A text that no other sending has.
    pub(crate) id: String,
}

impl Filling<'_> {
    /// A text with what stands for something replaced; in a pattern, so that it matches literally.
    pub(crate) fn fill(&self, text: &str, dut: &Dut, as_pattern: bool) -> String {
        let own = [("id", self.id.as_str()), ("device", dut.as_str())];
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        // What was put in is not looked at again.
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let found = self.words.iter().chain(&own).find_map(|(word, value)| {
                let behind = from.strip_prefix('{')?.strip_prefix(word)?.strip_prefix('}')?;
                Some((*value, behind))
            });
            match found {
                Some((value, behind)) => {
                    if as_pattern {
                        out.push_str(&regex::escape(value))
                    } else {
                        out.push_str(value)
                    }
                    rest = behind;
                }
                None => {
                    out.push('{');
                    rest = &from[1..];
                }
            }
        }
        out.push_str(rest);
        out
    }
}
