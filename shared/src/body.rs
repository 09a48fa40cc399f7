//! The request bodies that only the functions read, each declared once: its members, their types, their rules and what
//! they mean.
//!
//! `body!` makes two things of a declaration: a struct that serde reads, and the rule table that the engine of
//! [`crate::validation`] holds the bytes against first. So a body that reaches the struct has passed every rule, all
//! violations are found at once, and the API's description is written from the same lines. A member is one entry:
//!
//! ```ignore
//! /// Its text.
//! "text" text: String = Rule::Prose { max: NOTE_CHARACTERS_MAX, lines: true }, required;
//! ```
//!
//! `required` members are there and not null. `optional` ones may be absent or null, which mean the same, and
//! `or_default` ones then have the default of their type; `optional_or_empty` ones may also be an empty string.
//! `not_null` ones may be absent, but not null. `clearable` ones may be absent, or null to clear the stored value.
//!
//! An object that answers return as well is declared with `: Serialize`; its schema is that of the table.
//!
//! Orders have tables of their own ([`crate::validation`]), because they are also validated at the edge.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};

use crate::validation::{self, BodyRules, Context, Verdict};

/// A request body with its rules.
pub trait RequestBody: DeserializeOwned {
    /// The table.
    const RULES: &'static BodyRules;

    /// The `merchantId` that every body may have.
    fn merchant_id(&self) -> Option<&str>;

    /// Holds bytes against the table.
    #[must_use]
    fn validate<'b>(bytes: &'b [u8], context: &'b Context) -> Verdict<'b> {
        validation::validate_by(Self::RULES, context, bytes)
    }
}

/// Reads a member that has the default of its type if it is absent or null.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a member that null clears: none when it is absent.
fn clearable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Declares an object inside a body: `object! { /// … Name { members } }`. Options of the whole object are in brackets after
/// its name.
macro_rules! object {
    (
        $(#[doc = $doc:literal])+
        $name:ident $(: $derive:ident)? $([$option:ident $($value:expr)?])* {
            $($(#[doc = $about:literal])+ $wire:literal $member:ident: $type:ty = $rule:expr, $presence:ident;)+
        }
    ) => {
        $crate::body::object! { @struct [$($doc)+ $(: $derive)?] $name { $([$($about)+] $wire $member: $type, $presence;)+ } }

        impl $name {
            /// The rules of its members.
            pub(crate) const OBJECT: $crate::validation::table::Object = {
                const FIELDS: &[$crate::validation::field::Field] = &[
                    $($crate::validation::field::field($wire, $rule).about(concat!($($about),+)).$presence(),)+
                ];
                $crate::validation::table::Object::named(stringify!($name), FIELDS)$(.$option($($value)?))*
            };
        }
    };
    // Collects the members one by one, because their attributes differ.
    (@struct $doc:tt $name:ident { $($members:tt)+ }) => {
        $crate::body::object! { @members $doc $name {} $($members)+ }
    };
    (@members $doc:tt $name:ident { $($done:tt)* } $about:tt $wire:literal $member:ident: $type:ty, required; $($rest:tt)*) => {
        $crate::body::object! { @members $doc $name { $($done)* $about [rename = $wire] $member: $type; } $($rest)* }
    };
    (@members $doc:tt $name:ident { $($done:tt)* } $about:tt $wire:literal $member:ident: $type:ty, clearable; $($rest:tt)*) => {
        $crate::body::object! { @members $doc $name {
            $($done)* $about [rename = $wire, default, deserialize_with = "crate::body::clearable"] $member: Option<Option<$type>>;
        } $($rest)* }
    };
    (@members $doc:tt $name:ident { $($done:tt)* } $about:tt $wire:literal $member:ident: $type:ty, or_default; $($rest:tt)*) => {
        $crate::body::object! { @members $doc $name {
            $($done)* $about [rename = $wire, default, deserialize_with = "crate::body::or_default"] $member: $type;
        } $($rest)* }
    };
    (@members $doc:tt $name:ident { $($done:tt)* } $about:tt $wire:literal $member:ident: $type:ty, $presence:ident; $($rest:tt)*) => {
        $crate::body::object! { @members $doc $name {
            $($done)* $about [rename = $wire, default, deserialize_with = "crate::order_network::member::optional"] $member: Option<$type>;
        } $($rest)* }
    };
    (@members [$($doc:literal)+ $(: $derive:ident)?] $name:ident { $([$($about:literal)+] [$($serde:tt)+] $member:ident: $type:ty;)+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, serde::Deserialize, $(serde::$derive)?)]
        pub struct $name { $($(#[doc = $about])+ #[serde($($serde)+)] pub $member: $type,)+ }

        $($crate::body::same_in_answers! { $name $derive })?

        impl<'de> $crate::order_network::member::Member<'de> for $name {}
    };
}

/// Makes the schemas of answers refer to the schema of the rule table.
macro_rules! same_in_answers {
    ($name:ident Serialize) => {
        #[cfg(feature = "openapi")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::generate::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "$ref": concat!("#/components/schemas/", stringify!($name)) })
            }
        }
    };
}

/// Declares a whole body: an object that may name its merchant.
macro_rules! body {
    ($(#[doc = $doc:literal])+ $name:ident $([$option:ident $($value:expr)?])* { $($members:tt)* }) => {
        $crate::body::object! {
            $(#[doc = $doc])+
            $name $([$option $($value)?])* {
                $($members)*
                /// The merchant of the credentials, when named.
                "merchantId" merchant_id: String = $crate::validation::table::UUID, optional_or_empty;
            }
        }

        impl $crate::body::RequestBody for $name {
            const RULES: &'static $crate::validation::BodyRules = &$crate::validation::BodyRules::of(&$name::OBJECT);

            fn merchant_id(&self) -> Option<&str> {
                self.merchant_id.as_deref()
            }
        }
    };
}

pub mod change;
pub mod inbound;
pub mod note;
pub mod refund;
pub mod report;
pub mod subscription;

pub(crate) use {object, same_in_answers};

#[cfg(test)]
mod tests;
