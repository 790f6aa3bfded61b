//! What makes a type from its description: [`record!`](crate::record), [`words!`](crate::words),
//! [`kinds!`](crate::kinds).

/// A struct that is written as a mapping.
///
/// Each field is `name: Type = "key"` (must be there), `name: Type = "key" or <value>` (may be left out) or
/// `name: Option<Type> = "key" optional`. Behind the key may stand a [`Rule`](crate::language::Rule) in parentheses:
/// `name: u64 = "key" (Positive) or 1`.
#[macro_export]
macro_rules! record {
    (
        $(#[doc = $doc:literal])+
        $(#[derive($($derive:ident),*)])?
        pub struct $type:ident {
            $( $(#[doc = $field_doc:literal])+ $field:ident : $field_type:ty = $key:literal $(($rule:ident))? $($mode:ident $($default:expr)?)?, )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        $(#[derive($($derive),*)])?
        pub struct $type {
            $( $(#[doc = $field_doc])+ #[serde(rename = $key)] pub $field: $field_type, )*
        }

        impl $type {
            /// How it is written.
            pub const RECORD: &'static $crate::language::Record = &$crate::language::Record {
                doc: concat!($($doc, "\n"),+),
                fields: &[$( $crate::language::Field {
                    name: $key,
                    doc: concat!($($field_doc, "\n"),+),
                    optional: $crate::record!(@is_optional $($mode)?),
                    default: $crate::record!(@default $field_type, $($mode $($default)?)?),
                    rule: $crate::record!(@rule $($rule)?),
                    shape: || $crate::record!(@shape $field_type, $($mode)?),
                }, )*],
            };
        }

        impl $crate::language::Decode for $type {
            fn shape() -> $crate::language::Shape {
                $crate::language::Shape::Record(Self::RECORD)
            }

            #[allow(unused_mut)]
            fn decode(
                node: &$crate::language::Node,
                out: &mut $crate::language::Diagnostics,
            ) -> Option<Self> {
                let mut fields = $crate::language::decode::Fields::of(node, Self::RECORD, out)?;
                // Take every field before giving up, so that all problems are seen.
                $(
                    let span = fields.span_of($key);
                    let $field = $crate::record!(@take fields, out, $field_type, $key, $($mode $($default)?)?);
                    $crate::record!(@obey $field, $key, span, out, $($rule)?);
                )*
                let whole = fields.finish(out);
                whole?;
                Some(Self { $( $field: $field?, )* })
            }
        }
    };
    (@default $type:ty, or $default:expr) => {
        Some(|| { let value: $type = $default; $crate::language::decode::written(&value) })
    };
    (@default $type:ty, $($mode:ident)?) => { None };
    (@rule) => { None };
    (@rule $rule:ident) => { Some($crate::language::Rule::$rule) };
    (@obey $field:ident, $key:literal, $span:ident, $out:ident,) => { let _ = $span; };
    (@obey $field:ident, $key:literal, $span:ident, $out:ident, $rule:ident) => {
        let obeyed = match (&$field, $span) {
            (Some(value), Some(span)) => {
                let rule = $crate::language::Rule::$rule;
                $crate::language::decode::Fields::obey($key, rule, value, span, $out)
            }
            _ => Some(()),
        };
        let $field = obeyed.and($field);
    };
    (@is_optional) => { false };
    (@is_optional $mode:ident) => { true };
    (@shape $type:ty, optional) => { <$type as $crate::language::decode::Inner>::shape() };
    (@shape $type:ty, $($mode:ident)?) => { <$type as $crate::language::Decode>::shape() };
    (@take $fields:ident, $out:ident, $type:ty, $key:literal,) => { $fields.required::<$type>($key, $out) };
    (@take $fields:ident, $out:ident, $type:ty, $key:literal, optional) => {
        $fields.optional::<<$type as $crate::language::decode::Inner>::T>($key, $out)
    };
    (@take $fields:ident, $out:ident, $type:ty, $key:literal, or $default:expr) => {
        $fields.optional::<$type>($key, $out).map(|value| value.unwrap_or_else(|| $default))
    };
}

/// An enum that is written as a word; each variant is `Variant = "word"`.
#[macro_export]
macro_rules! words {
    ($type:ty { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $crate::language::Decode for $type {
            fn shape() -> $crate::language::Shape {
                $crate::language::Shape::Word(&[$($word),+])
            }

            fn decode(node: &$crate::language::Node, out: &mut $crate::language::Diagnostics) -> Option<Self> {
                $crate::language::scalar::word(node, &[$(($word, <$type>::$variant)),+], out)
            }
        }

        impl $type {
            /// As it is written.
            pub const fn word(self) -> &'static str {
                match self { $(<$type>::$variant => $word),+ }
            }
        }
    };
}

/// A table of kinds: an enum that is written as a mapping with one key, `{kind: {fields}}`. Each line is one
/// module with one type; the macro makes the enum, its decoding and the list for `brownout kinds`.
#[macro_export]
macro_rules! kinds {
    (
        $(#[doc = $doc:literal])+
        pub enum $enum:ident($noun:literal, $plural:literal) { $( $word:literal => $variant:ident($type:ty), )+ }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub enum $enum {
            $( #[doc = concat!("`", $word, "`")] #[serde(rename = $word)] $variant($type), )+
        }

        impl $enum {
            /// What one of them is.
            pub const DOC: &'static str = concat!($($doc, "\n"),+);

            /// The words of the table with their shapes, in its order.
            pub const TABLE: &'static [(&'static str, fn() -> $crate::language::Shape)] =
                &[$( ($word, <$type as $crate::language::Decode>::shape), )+];

            /// The word of this kind.
            pub const fn kind(&self) -> &'static str {
                match self { $( Self::$variant(_) => $word, )+ }
            }
        }

        impl $crate::language::Decode for $enum {
            fn shape() -> $crate::language::Shape {
                $crate::language::Shape::Kind($plural)
            }

            fn decode(node: &$crate::language::Node, out: &mut $crate::language::Diagnostics) -> Option<Self> {
                const WORDS: &[&str] = &[$($word),+];
                let (key, value) = $crate::language::decode::one_kind(node, $noun, WORDS, out)?;
                match key {
                    $( $word => <$type as $crate::language::Decode>::decode(value, out).map(Self::$variant), )+
                    _ => None,
                }
            }
        }
    };
}
