//! Reading DER (X.690), as far as a look into a certificate needs it.

/// A value with its tag, and what comes behind it.
pub(super) struct Value<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// The value with its tag and length.
    pub(super) whole: &'a [u8],
    pub(super) rest: &'a [u8],
}

/// The first value of some bytes.
pub(super) fn first(bytes: &[u8]) -> Option<Value<'_>> {
    let (&tag, behind) = bytes.split_first()?;
    let (&short, behind) = behind.split_first()?;
    let (length, behind) = if short < 0x80 {
        (usize::from(short), behind)
    } else {
        let (long, behind) =
            behind.split_at_checked(usize::from(short & 0x7f)).filter(|(long, _)| long.len() <= 4)?;
        (long.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), behind)
    };
    let (content, rest) = behind.split_at_checked(length)?;
    let whole = bytes.get(..bytes.len() - rest.len())?;
    Some(Value { tag, content, whole, rest })
}

/// The values of some bytes, one behind the other, as far as they are values.
pub(super) fn all(mut bytes: &[u8]) -> impl Iterator<Item = Value<'_>> {
    std::iter::from_fn(move || {
        let value = first(bytes)?;
        bytes = value.rest;
        Some(value)
    })
}

/// A value of a tag.
pub(super) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let long: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
    let mut bytes = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => {
            bytes.push(0x80 | long.len() as u8);
            bytes.extend(long);
        }
    }
    bytes.extend(content);
    bytes
}

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// `id-at-commonName`, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// The common name in the subject of a certificate (RFC 5280 section 4.1.2.6). Both may be hostile.
pub(crate) fn common_name(certificate: &[u8]) -> Option<String> {
    let tbs = first(first(certificate)?.content)?;
    // version [0], serialNumber, signature, issuer, validity, subject
    let subject = all(tbs.content).skip_while(|value| value.tag == 0xa0).nth(4)?;
    all(subject.content).flat_map(|set| all(set.content)).find_map(|attribute| {
        let kind = first(attribute.content)?;
        let name = first(kind.rest)?;
        (kind.tag == OBJECT_IDENTIFIER && kind.content == COMMON_NAME)
            .then(|| String::from_utf8_lossy(name.content).chars().take(64).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_reads_back(tag in 0..0x40_u8, length in 0..70_000_usize) {
            let content = vec![7; length];
            let bytes = value(tag, &content);
            let read = first(&bytes).unwrap();
            prop_assert_eq!((read.tag, read.content, read.whole, read.rest), (tag, &content[..], &bytes[..], &[][..]));
        }

        #[test]
        fn any_bytes_are_read_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            common_name(&bytes);
        }
    }
}
