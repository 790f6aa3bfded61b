//! What makes a type from its description: [`record!`](crate::record), [`words!`](crate::words),
//! [`kinds!`](crate::kinds!).

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
            $( $(#[doc = $field_doc:literal])+ $(#[serde($($serde:tt)+)])? $field:ident : $field_type:ty = $key:literal $(($rule:ident))? $($mode:ident $($default:expr)?)?, )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        $(#[derive($($derive),*)])?
        pub struct $type {
            $( $(#[doc = $field_doc])+ #[serde(rename = $key)] $(#[serde($($serde)+)])? pub $field: $field_type, )*
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

        // A plan that was stored before a field was there has its default.
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                struct Stored {
                    $( #[serde(rename = $key)] $field: Option<$field_type>, )*
                }
                let stored = Stored::deserialize(deserializer)?;
                Ok(Self { $( $field: $crate::record!(@stored stored.$field, $key, $($mode $($default)?)?), )* })
            }
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
    (@stored $stored:expr, $key:literal,) => {
        $stored.ok_or_else(|| <D::Error as serde::de::Error>::missing_field($key))?
    };
    (@stored $stored:expr, $key:literal, or $default:expr) => { $stored.unwrap_or_else(|| $default) };
    (@stored $stored:expr, $key:literal, optional) => { $stored.flatten() };
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
///
/// `as dyn Trait` makes every type of the table answer as that trait (`Self::as_kind`). `else Variant(Type)` lets the
/// kinds of another table stand wherever one of this table may.
#[macro_export]
macro_rules! kinds {
    (
        $(#[doc = $doc:literal])+
        pub enum $enum:ident($noun:literal, $plural:literal) $(as dyn $trait:ident)?
        { $( $word:literal => $variant:ident($type:ty), )+ } $(else $other:ident($others:ty))?
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub enum $enum {
            $( #[doc = concat!("`", $word, "`")] #[serde(rename = $word)] $variant($type), )+
            $( #[doc = concat!("One of the table of [`", stringify!($others), "`].")] #[serde(untagged)] $other($others), )?
        }

        impl $enum {
            /// What one of them is.
            pub const DOC: &'static str = concat!($($doc, "\n"),+);

            /// The words of the table with their shapes, in its order.
            pub const TABLE: &'static [(&'static str, fn() -> $crate::language::Shape)] = {
                const OWN: &[(&str, fn() -> $crate::language::Shape)] =
                    &[$( ($word, <$type as $crate::language::Decode>::shape), )+];
                $crate::kinds!(@joined OWN $($others)?)
            };

            /// The words of the table.
            pub const WORDS: &'static [&'static str] = {
                const OWN: &[&str] = &[$($word),+];
                $crate::kinds!(@words OWN $($others)?)
            };

            /// The word of this kind.
            pub fn kind(&self) -> &'static str {
                match self { $( Self::$variant(_) => $word, )+ $( Self::$other(other) => other.kind(), )? }
            }

            /// Decodes the kind of this word, one of [`Self::WORDS`].
            pub(crate) fn decode_kind(
                word: &str,
                value: &$crate::language::Node,
                out: &mut $crate::language::Diagnostics,
            ) -> Option<Self> {
                match word {
                    $( $word => <$type as $crate::language::Decode>::decode(value, out).map(Self::$variant), )+
                    _ => $crate::kinds!(@fallback word, value, out, $(Self::$other, $others)?),
                }
            }
        }

        $crate::kinds!(@asked $enum [$($trait)?] $($variant)+);

        impl $crate::language::Decode for $enum {
            fn shape() -> $crate::language::Shape {
                $crate::language::Shape::Kind($plural)
            }

            fn decode(node: &$crate::language::Node, out: &mut $crate::language::Diagnostics) -> Option<Self> {
                let (word, value) = $crate::language::decode::one_kind(node, $noun, Self::WORDS, out)?;
                Self::decode_kind(word, value, out)
            }
        }
    };
    (@asked $enum:ident [] $($variant:ident)+) => {};
    (@asked $enum:ident [$trait:ident] $($variant:ident)+) => {
        impl $enum {
            /// What every kind of the table can be asked.
            pub fn as_kind(&self) -> &dyn $trait {
                match self { $( Self::$variant(kind) => kind, )+ }
            }

            /// The same, to be changed.
            pub fn as_kind_mut(&mut self) -> &mut dyn $trait {
                match self { $( Self::$variant(kind) => kind, )+ }
            }
        }
    };
    (@joined $own:ident) => { $own };
    (@joined $own:ident $others:ty) => {
        &$crate::language::decode::joined::<_, { $own.len() + <$others>::TABLE.len() }>($own, <$others>::TABLE)
    };
    (@words $own:ident) => { $own };
    (@words $own:ident $others:ty) => {
        &$crate::language::decode::joined::<_, { $own.len() + <$others>::WORDS.len() }>($own, <$others>::WORDS)
    };
    (@fallback $word:ident, $value:ident, $out:ident,) => { None };
    (@fallback $word:ident, $value:ident, $out:ident, Self::$other:ident, $others:ty) => {
        <$others>::decode_kind($word, $value, $out).map(Self::$other)
    };
}
