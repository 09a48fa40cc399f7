//! Closed sets of names, each declared once.

/// A value with a name on the wire, of a closed set.
pub trait Keyword: Copy + PartialEq + 'static {
    /// Every value.
    const ALL: &'static [Self];
    /// Their names, in the same order.
    const NAMES: &'static [&'static str];

    /// Its name.
    fn as_str(self) -> &'static str;

    /// The value with that name.
    fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.as_str() == name)
    }
}

/// Implements [`Keyword`], `ALL` and `as_str` for an enum whose names on the wire are those of its variants.
macro_rules! names {
    ($name:ident { $($variant:ident),+ $(,)? }) => {
        impl $name {
            /// Every value.
            pub const ALL: [Self; [$(Self::$variant),+].len()] = [$(Self::$variant),+];

            /// The name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)+ }
            }
        }

        impl $crate::keyword::Keyword for $name {
            const ALL: &'static [Self] = &Self::ALL;
            const NAMES: &'static [&'static str] = &[$(stringify!($variant)),+];

            fn as_str(self) -> &'static str {
                self.as_str()
            }
        }
    };
}

/// Declares such an enum, with serde.
macro_rules! keywords {
    ($($(#[$attribute:meta])+ $name:ident { $($(#[$of_variant:meta])+ $variant:ident,)+ })+) => {$(
        $(#[$attribute])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
        pub enum $name { $($(#[$of_variant])+ $variant,)+ }

        $crate::keyword::names!($name { $($variant),+ });

        impl<'de> $crate::order_network::member::Member<'de> for $name {}
    )+};
}
pub(crate) use {keywords, names};
