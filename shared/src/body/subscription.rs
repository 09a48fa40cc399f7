//! The bodies of the webhook service.

use crate::keyword::Keyword;
use crate::limits::{DESCRIPTION_CHARACTERS_MAX, SECRET_OVERLAP_SECONDS_MAX, URL_CHARACTERS_MAX};
use crate::validation::Context;
use crate::validation::table::{Array, Choice, Parsed, Rule, Wrong};
use crate::webhook::EventKind;

const DESTINATION: Rule = Rule::Parsed(&Parsed {
    name: "webhook-url",
    is: "an https URL on a host of the public internet, without user, password and fragment",
    max: URL_CHARACTERS_MAX,
    check: check_destination,
});
const EVENTS: Rule = Rule::Array(&Array::between(1, EventKind::ALL.len(), Rule::Choice(&Choice::of(EventKind::NAMES))));
const DESCRIPTION: Rule = Rule::Text { min: 1, max: DESCRIPTION_CHARACTERS_MAX };

/// Which addresses may be called is for whoever calls them to say.
fn check_destination(text: &str, context: &Context) -> Result<(), Wrong> {
    (context.destination)(text)
}

body! {
    /// A new subscription to webhooks.
    CreateSubscription {
        /// Where deliveries are sent.
        "url" url: String = DESTINATION, required;
        /// The kinds of events that it wants.
        "events" events: Vec<EventKind> = EVENTS, required;
        /// A line for people.
        "description" description: String = DESCRIPTION, optional;
        /// Whether deliveries are sent; true when absent.
        "isEnabled" is_enabled: bool = Rule::Boolean, optional;
    }
}

body! {
    /// A merge patch of a subscription.
    PatchSubscription {
        /// Where deliveries are sent.
        "url" url: String = DESTINATION, not_null;
        /// The kinds of events that it wants.
        "events" events: Vec<EventKind> = EVENTS, not_null;
        /// A line for people; null removes it.
        "description" description: String = DESCRIPTION, clearable;
        /// Whether deliveries are sent.
        "isEnabled" is_enabled: bool = Rule::Boolean, not_null;
    }
}

body! {
    /// How a secret is replaced.
    RotateSecret {
        /// Seconds for which the secrets before it sign as well; a day when absent.
        "overlapSeconds" overlap_seconds: i64 = Rule::Integer { min: 0, max: SECRET_OVERLAP_SECONDS_MAX as i32 }, optional;
    }
}
