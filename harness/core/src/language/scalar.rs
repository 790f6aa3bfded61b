//! The values that are written as one word.

use super::decode::{Decode, Ruled, Shape, one_line};
use super::diagnostic::{Diagnostics, Mention, did_you_mean};
use super::node::{Node, Value};
use crate::port::Port;
use crate::time::{Duration, LONGEST_WRITTEN};
use core::net::Ipv4Addr;

/// The text of a scalar, or a problem.
pub fn scalar<'a>(node: &'a Node, expected: &str, out: &mut Diagnostics) -> Option<&'a str> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text),
        other => {
            out.error(
                node.span,
                format!("expected {expected}, found {}", other.kind()),
                format!("expected {expected}"),
                None,
            );
            None
        }
    }
}

/// Reads a scalar with `FromStr`; its error is the message.
pub fn from_str<T: std::str::FromStr>(node: &Node, expected: &str, out: &mut Diagnostics) -> Option<T>
where
    T::Err: std::fmt::Display,
{
    match scalar(node, expected, out)?.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            // Errors of such types are written `what; advice`.
            let text = error.to_string();
            let (message, help) = match text.split_once("; ") {
                Some((message, help)) => (message.to_owned(), Some(help.to_owned())),
                None => (text, None),
            };
            out.error(node.span, message, format!("expected {expected}"), help);
            None
        }
    }
}

/// Reads one of a few words.
pub fn word<T: Copy>(node: &Node, words: &[(&'static str, T)], out: &mut Diagnostics) -> Option<T> {
    let text = scalar(node, "a word", out)?;
    if let Some((_, value)) = words.iter().find(|(name, _)| *name == text) {
        return Some(*value);
    }
    let names = words.iter().map(|(name, _)| *name);
    let help = match did_you_mean(text, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of: {}", names.collect::<Vec<_>>().join(", ")),
    };
    out.error(node.span, format!("`{text}` is not known here"), "not known here", Some(help));
    None
}

impl Decode for Duration {
    fn shape() -> Shape {
        Shape::Scalar("a duration with its unit", "2s")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        let time: Self = from_str(node, "a duration with its unit", out)?;
        if time > LONGEST_WRITTEN {
            out.error(
                node.span,
                format!("`{time}` is longer than {LONGEST_WRITTEN}, the longest that can be asked for"),
                "too long",
                None,
            );
            return None;
        }
        Some(time)
    }
}

impl Ruled for Duration {
    fn is_positive(&self) -> bool {
        *self > Self::ZERO
    }
}

impl Ruled for String {
    fn is_nothing(&self) -> bool {
        self.trim().is_empty()
    }

    fn name(&self) -> Option<&str> {
        Some(self)
    }
}

impl Decode for String {
    fn shape() -> Shape {
        Shape::Scalar("a text", "<text>")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        scalar(node, "a text", out).map(str::to_owned)
    }
}

impl Decode for Ipv4Addr {
    fn shape() -> Shape {
        Shape::Scalar("an IPv4 address", "198.18.9.9")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        let text = scalar(node, "an IPv4 address", out)?;
        let address = text.parse().ok();
        if address.is_none() {
            out.error(
                node.span,
                format!("`{text}` is not an IPv4 address"),
                "expected an IPv4 address",
                Some("write four numbers from 0 to 255, like `198.18.9.9`".to_owned()),
            );
        }
        address
    }
}

macro_rules! decode_whole_number {
    ($($type:ty),*) => {$(
        impl Decode for $type {
            fn shape() -> Shape {
                Shape::Whole
            }

            fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
                let text = scalar(node, "a whole number", out)?;
                match text.parse() {
                    Ok(value) => Some(value),
                    Err(_) => {
                        out.error(
                            node.span,
                            format!("`{text}` is not a whole number from 0 to {}", <$type>::MAX),
                            "expected a whole number",
                            None,
                        );
                        None
                    }
                }
            }
        }

        impl Ruled for $type {
            fn is_positive(&self) -> bool {
                *self > 0
            }
        }
    )*};
}
decode_whole_number!(u16, u32, u64);

impl Decode for bool {
    fn shape() -> Shape {
        Shape::Word(&["true", "false"])
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        let text = scalar(node, "`true` or `false`", out)?;
        let meant = match text.to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" | "y" => "true",
            "false" | "off" | "no" | "n" => "false",
            _ => "",
        };
        match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                let help = if meant.is_empty() {
                    "it is `true` or `false`".to_owned()
                } else {
                    format!("write `{meant}`")
                };
                out.error(
                    node.span,
                    format!("`{text}` is not a truth value"),
                    "expected `true` or `false`",
                    Some(help),
                );
                None
            }
        }
    }
}

impl Decode for Port {
    fn shape() -> Shape {
        Shape::Word(&["debug", "console", "power", "flash_trace", "supply", "stimulus", "link", "services"])
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        let words: Vec<_> = Self::ALL.iter().map(|port| (port.name(), *port)).collect();
        let port = word(node, &words, out)?;
        out.mention(Mention::Port(port), node.span);
        Some(port)
    }
}

macro_rules! decode_name {
    ($($type:ident, $what:literal);* $(;)?) => {$(
        impl Decode for crate::names::$type {
            fn shape() -> Shape {
                Shape::Scalar(concat!("the name of ", $what), concat!("<", $what, ">"))
            }

            fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
                let text = scalar(node, concat!("the name of ", $what), out)?;
                one_line(text, node.span, out)?;
                let name = crate::names::$type::from(text);
                out.mention(Mention::$type(name.clone()), node.span);
                Some(name)
            }
        }
    )*};
}
decode_name! {
    Dut, "a device"; Signal, "a signal"; Command, "a command"; Setting, "a setting"; Defect, "a defect"; Region, "a region"; Input, "an input";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::parse;

    fn problem<T: Decode>(text: &str) -> (String, Option<String>) {
        let mut out = Diagnostics::new();
        let node = parse(&format!("a: {text}")).unwrap();
        assert!(T::decode(node.at(&["a"]).unwrap(), &mut out).is_none(), "{text} was read");
        let problem = out.into_sorted().remove(0);
        (problem.message, problem.help)
    }

    #[test]
    fn only_true_and_false_are_truth_values() {
        for (written, meant) in
            [("on", "true"), ("No", "false"), ("TRUE", "true"), ("yes", "true"), ("off", "false")]
        {
            let (message, help) = problem::<bool>(written);
            assert_eq!(message, format!("`{written}` is not a truth value"));
            assert_eq!(help.unwrap(), format!("write `{meant}`"));
        }
        assert_eq!(problem::<bool>("1").1.unwrap(), "it is `true` or `false`");
    }

    #[test]
    fn an_address_has_four_numbers() {
        assert_eq!(
            Ipv4Addr::decode(parse("a: 198.18.9.9").unwrap().at(&["a"]).unwrap(), &mut Diagnostics::new()),
            Some(Ipv4Addr::new(198, 18, 9, 9))
        );
        for text in ["198.18.9", "198.18.9.256", "mqtt.brownout.test", "::1"] {
            assert_eq!(problem::<Ipv4Addr>(text).0, format!("`{text}` is not an IPv4 address"));
        }
    }

    #[test]
    fn numbers_are_whole_and_fit() {
        for text in ["1.5", "-1", "0x10", "4294967296", "", "[1]"] {
            problem::<u32>(text);
        }
    }
}
