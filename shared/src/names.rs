//! Enums whose names on the wire are those of their variants.

/// Implements the list of values, their names, and the way back from a name.
macro_rules! wire_names {
    ($type:ident { $($variant:ident),+ $(,)? }) => {
        impl $type {
            /// Every value.
            pub const ALL: [Self; Self::NAMES.len()] = [$(Self::$variant),+];
            /// Their names on the wire.
            pub const NAMES: [&'static str; [$(stringify!($variant)),+].len()] = [$(stringify!($variant)),+];

            /// The name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)+
                }
            }

            /// The value with that name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.as_str() == name)
            }
        }
    };
}
pub(crate) use wire_names;
