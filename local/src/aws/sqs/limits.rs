//! The limits of SQS: sizes, ranges, characters, batches.

use super::{
    attributes,
    error::{ErrorKind, SqsError},
    message::Outgoing,
};
use std::{collections::BTreeSet, ops::RangeInclusive};

/// Maximum bytes of a message, and of all messages of a batch together: body and attributes.
pub(super) const LARGEST: usize = 1024 * 1024;
/// Maximum entries per batch.
const MOST_ENTRIES: usize = 10;

/// Checks the ids of a batch; `kind` is SQS's name for its entries.
pub(super) fn batch<'a>(ids: impl Iterator<Item = &'a str> + Clone, kind: &str) -> Result<(), SqsError> {
    let count = ids.clone().count();
    if count == 0 {
        let message = format!("There should be at least one {kind} in the request.");
        return Err(SqsError::new(ErrorKind::EmptyBatchRequest, message));
    }
    if count > MOST_ENTRIES {
        let message = format!("Maximum number of entries per request are {MOST_ENTRIES}. You have sent {count}.");
        return Err(SqsError::new(ErrorKind::TooManyEntriesInBatchRequest, message));
    }
    let mut seen = BTreeSet::new();
    for id in ids {
        let good = (1..=80).contains(&id.len())
            && id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_');
        if !good {
            return Err(SqsError::new(
                ErrorKind::InvalidBatchEntryId,
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at \
                 most 80 letters long.",
            ));
        }
        if !seen.insert(id) {
            return Err(SqsError::new(ErrorKind::BatchEntryIdsNotDistinct, format!("Id {id} repeated.")));
        }
    }
    Ok(())
}

/// Checks the total size of the messages of a batch.
pub(super) fn batch_size(bytes: usize) -> Result<(), SqsError> {
    if bytes <= LARGEST {
        return Ok(());
    }
    let message = format!("Batch requests cannot be longer than {LARGEST} bytes. You have sent {bytes} bytes.");
    Err(SqsError::new(ErrorKind::BatchRequestTooLong, message))
}

/// Checks a message.
pub(super) fn message(message: &Outgoing) -> Result<(), SqsError> {
    if message.body.is_empty() {
        return Err(SqsError::missing("MessageBody"));
    }
    if let Some(bad) = message.body.chars().find(|letter| !is_allowed(*letter)) {
        return Err(SqsError::new(
            ErrorKind::InvalidMessageContents,
            format!(
                "Invalid binary character '#x{:X}' was found in the message body, the set of allowed characters is \
                 #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
                u32::from(bad)
            ),
        ));
    }
    if let Some(delay) = message.delay_seconds {
        range(i64::from(delay), "DelaySeconds", 0..=900)?;
    }
    attributes::check(&message.attributes)?;
    if message.size() > LARGEST {
        return Err(SqsError::new(
            ErrorKind::InvalidParameterValue,
            format!("One or more parameters are invalid. Reason: Message must be shorter than {LARGEST} bytes."),
        ));
    }
    Ok(())
}

fn is_allowed(letter: char) -> bool {
    matches!(letter, '\u{9}' | '\u{A}' | '\u{D}' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Checks a number as sent by the caller and returns it within its range.
pub(super) fn range(value: i64, parameter: &str, range: RangeInclusive<u32>) -> Result<u32, SqsError> {
    match u32::try_from(value) {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => {
            let reason = format!("Must be >= {} and <= {}, if provided", range.start(), range.end());
            Err(SqsError::value(value, parameter, &reason))
        }
    }
}
