//! Broken rules as data; code, limit and message are made only on request.

use alloc::vec::Vec;

#[cfg(feature = "domain")]
use super::extension::DomainBroken;
use super::format::Format;
use super::scan::Fault;
use super::sentence::{Sentence, append};
use super::table::Sign;
use crate::{Code, limits};

/// A sum of amounts as bytes: an `i128` would align every finding to sixteen bytes.
pub(super) type Sum = [u8; 16];

#[derive(Clone, Copy, Debug)]
pub(super) enum Broken {
    Fault(Fault),
    BodyTooLarge {
        bytes: usize,
    },
    OrderTooLarge {
        bytes: usize,
    },
    Duplicate,
    Required,
    WrongType {
        wants: &'static str,
        has: &'static str,
    },
    NotAnInteger,
    TooShort {
        min: usize,
        has: usize,
    },
    TooLong {
        max: usize,
        has: usize,
    },
    TooFew {
        min: usize,
        has: usize,
    },
    TooMany {
        max: usize,
        has: usize,
        code: Code,
    },
    Control {
        character: char,
    },
    CardNumber,
    Form(&'static Format),
    NotANumber,
    IntegerRange {
        min: i64,
        max: i64,
    },
    AmountRange(Sign),
    DegreesRange {
        max: i64,
    },
    TooManyDecimals {
        max: u32,
    },
    ClientOrderNumberMissing,
    UnknownMember {
        nearest: Option<&'static str>,
    },
    /// In ten-thousandths.
    Subtotal {
        expected: Sum,
    },
    /// In ten-thousandths.
    Total {
        expected: Sum,
    },
    RepeatedSafeId {
        first: usize,
    },
    /// Rules that only the bodies of the functions have.
    #[cfg(feature = "domain")]
    Domain(DomainBroken),
}

impl Broken {
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Fault(fault) => fault.code,
            Self::BodyTooLarge { .. } | Self::OrderTooLarge { .. } => Code::PayloadTooLarge,
            Self::Duplicate => Code::DuplicateMember,
            Self::Required => Code::Required,
            Self::WrongType { .. } | Self::NotAnInteger => Code::WrongType,
            Self::TooShort { .. } => Code::TooShort,
            Self::TooLong { .. } => Code::TooLong,
            Self::TooFew { .. } => Code::TooFew,
            Self::TooMany { code, .. } => *code,
            Self::Control { .. } => Code::ControlCharacter,
            Self::CardNumber => Code::CardNumber,
            Self::Form(_) | Self::NotANumber => Code::InvalidFormat,
            Self::IntegerRange { .. } | Self::AmountRange(_) | Self::DegreesRange { .. } => Code::OutOfRange,
            Self::TooManyDecimals { .. } => Code::TooManyDecimals,
            Self::ClientOrderNumberMissing => Code::ClientOrderNumberRequired,
            Self::UnknownMember { .. } => Code::UnknownMember,
            Self::Subtotal { .. } | Self::Total { .. } => Code::TotalMismatch,
            Self::RepeatedSafeId { .. } => Code::DuplicateSafeId,
            #[cfg(feature = "domain")]
            Self::Domain(broken) => broken.code(),
        }
    }

    /// Whether an object with this violation must not be deserialized: its values have other types or other members
    /// than the struct, or would take too much memory.
    #[cfg(feature = "domain")]
    pub(super) fn is_unreadable(&self) -> bool {
        match self {
            Self::WrongType { .. } | Self::NotAnInteger | Self::Duplicate | Self::TooMany { .. } => true,
            Self::Domain(broken) => {
                matches!(broken, DomainBroken::TooDeep | DomainBroken::ReservedName | DomainBroken::TooManyBytes { .. })
            }
            _ => false,
        }
    }

    /// Warnings never cause a rejection.
    pub(super) fn is_warning(&self) -> bool {
        #[cfg(feature = "domain")]
        if let Self::Domain(broken) = self {
            return broken.is_warning();
        }
        matches!(
            self,
            Self::UnknownMember { .. } | Self::Subtotal { .. } | Self::Total { .. } | Self::RepeatedSafeId { .. }
        )
    }

    /// Appends the bound of the rule for machines: a number, a range, a type or the name of a form; false if it has
    /// none.
    #[inline(never)]
    pub(super) fn write_limit(&self, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Fault(fault) if fault.code == Code::TooDeep => out.number(limits::DEPTH_MAX as u64),
            Self::BodyTooLarge { .. } => out.number(limits::BODY_BYTES_MAX as u64),
            Self::OrderTooLarge { .. } => out.number(limits::ORDER_BYTES_MAX as u64),
            Self::WrongType { wants, .. } => out.words(&[wants]),
            Self::NotAnInteger => out.words(&["integer"]),
            Self::TooShort { min, .. } | Self::TooFew { min, .. } => out.number(*min as u64),
            Self::TooLong { max, .. } | Self::TooMany { max, .. } => out.number(*max as u64),
            Self::Form(format) => out.words(&[format.name]),
            Self::NotANumber => out.words(&["number"]),
            Self::IntegerRange { min, max } => range(out, *min, "..", *max),
            Self::AmountRange(Sign::NotNegative) => range(out, 0, "..<", limits::AMOUNT_MAX),
            Self::AmountRange(Sign::Any) => range(out, -limits::AMOUNT_MAX, "<..<", limits::AMOUNT_MAX),
            #[cfg(feature = "domain")]
            Self::AmountRange(Sign::Positive) => range(out, 0, "<..<", limits::AMOUNT_MAX),
            #[cfg(feature = "domain")]
            Self::Domain(broken) => return broken.write_limit(out),
            Self::DegreesRange { max } => range(out, -max, "..", *max),
            Self::TooManyDecimals { max } => out.number(u64::from(*max)),
            Self::Subtotal { expected } | Self::Total { expected } => out.amount(i128::from_le_bytes(*expected)),
            _ => return false,
        }
        true
    }

    /// Appends the rule as a sentence without a full stop; `value` is the attempted value, if it may be shown.
    #[inline(never)]
    pub(super) fn write_message(&self, out: &mut Vec<u8>, value: Option<&[u8]>) {
        self.write_rule(out);
        if let Some(value) = value.filter(|_| self.shows_value()) {
            append(out, b", not `");
            append(out, value);
            out.push(b'`');
        }
    }

    /// Whether both are the same rule; only compares frequent ones.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Form(one), Self::Form(other)) => core::ptr::eq(*one, *other),
            (Self::AmountRange(one), Self::AmountRange(other)) => one == other,
            (Self::IntegerRange { min, max }, Self::IntegerRange { min: other, max: other_max }) => {
                min == other && max == other_max
            }
            (Self::Required, Self::Required)
            | (Self::CardNumber, Self::CardNumber)
            | (Self::UnknownMember { nearest: None }, Self::UnknownMember { nearest: None }) => true,
            _ => false,
        }
    }

    pub(super) fn shows_value(&self) -> bool {
        #[cfg(feature = "domain")]
        if let Self::Domain(broken) = self {
            return broken.shows_value();
        }
        matches!(
            self,
            Self::NotAnInteger
                | Self::Form(_)
                | Self::NotANumber
                | Self::IntegerRange { .. }
                | Self::AmountRange(_)
                | Self::DegreesRange { .. }
                | Self::Subtotal { .. }
                | Self::Total { .. }
        )
    }

    fn write_rule(&self, out: &mut Vec<u8>) {
        match self {
            Self::Fault(fault) => write_fault(out, *fault),
            Self::BodyTooLarge { bytes } => too_large(out, "a body", limits::BODY_BYTES_MAX, *bytes),
            Self::OrderTooLarge { bytes } => too_large(out, "an order", limits::ORDER_BYTES_MAX, *bytes),
            Self::Duplicate => out.words(&["must stand at most once in its object"]),
            Self::Required => out.words(&["is required"]),
            Self::WrongType { wants, has } => {
                out.words(&["must be "]);
                out.a(wants);
                out.words(&[", not "]);
                out.a(has);
            }
            Self::NotAnInteger => out.words(&["must be an integer, written with digits only"]),
            Self::TooShort { min, has } => bound(out, "at least", *min, ["character", "characters"], *has),
            Self::TooLong { max, has } => bound(out, "at most", *max, ["character", "characters"], *has),
            Self::TooFew { min, has } => bound(out, "at least", *min, ["entry", "entries"], *has),
            Self::TooMany { max, has, .. } => bound(out, "at most", *max, ["entry", "entries"], *has),
            Self::Control { character } => {
                out.words(&["must hold no control characters, but has U+00"]);
                let code = u32::from(*character);
                out.extend(
                    [code >> 4, code]
                        .map(|digit| char::from_digit(digit & 0xf, 16).unwrap_or('?').to_ascii_uppercase() as u8),
                );
            }
            Self::CardNumber => out.words(&["must hold no card number"]),
            Self::Form(format) => out.words(&["must be ", format.is]),
            Self::NotANumber => out.words(&["must be a decimal number such as `200.50`"]),
            Self::IntegerRange { min, max } => between(out, "an integer from ", *min, " to ", *max),
            Self::AmountRange(Sign::NotNegative) => {
                between(out, "an amount from ", 0, " to below ", limits::AMOUNT_MAX);
            }
            Self::AmountRange(Sign::Any) => {
                between(out, "an amount between ", -limits::AMOUNT_MAX, " and ", limits::AMOUNT_MAX);
            }
            #[cfg(feature = "domain")]
            Self::AmountRange(Sign::Positive) => {
                between(out, "an amount above ", 0, " and below ", limits::AMOUNT_MAX);
            }
            #[cfg(feature = "domain")]
            Self::Domain(broken) => broken.write_rule(out),
            Self::DegreesRange { max } => between(out, "a number from ", -max, " to ", *max),
            Self::TooManyDecimals { max } => {
                out.words(&["must have at most "]);
                out.count(*max as usize, "digit", "digits");
                out.words(&[" after the point"]);
            }
            Self::ClientOrderNumberMissing => {
                out.words(&["is required when `enableClientOrderNumberDupCheck` is true"]);
            }
            Self::UnknownMember { nearest: Some(known) } => {
                out.words(&["is not known; did you mean `", known, "`"]);
            }
            Self::UnknownMember { nearest: None } => out.words(&["is not known"]),
            Self::Subtotal { expected } => {
                out.words(&["should be `customerPrice` × `quantity` = "]);
                out.amount(i128::from_le_bytes(*expected));
            }
            Self::Total { expected } => {
                out.words(&["should be the sum of the `customerTransactions` = "]);
                out.amount(i128::from_le_bytes(*expected));
            }
            Self::RepeatedSafeId { first } => {
                out.words(&["is also the `safeId` of `/bulk/"]);
                out.number(*first as u64);
                out.words(&["`"]);
            }
        }
    }
}

fn write_fault(out: &mut Vec<u8>, Fault { code, at, wants }: Fault) {
    match code {
        Code::TooDeep => {
            out.words(&["arrays and objects nest at most "]);
            out.number(limits::DEPTH_MAX as u64);
            out.words(&[" deep, exceeded at byte "]);
            out.number(at as u64);
        }
        Code::InvalidUtf8 => {
            out.words(&["not UTF-8 at byte "]);
            out.number(at as u64);
        }
        _ => {
            out.words(&["not JSON at byte "]);
            out.number(at as u64);
            out.words(&[": expected ", wants]);
        }
    }
}

fn too_large(out: &mut Vec<u8>, what: &str, max: usize, has: usize) {
    out.words(&[what, " has at most "]);
    out.number(max as u64);
    out.words(&[" bytes, but this one has "]);
    out.number(has as u64);
}

fn bound(out: &mut Vec<u8>, which: &str, bound: usize, [one, many]: [&str; 2], has: usize) {
    out.words(&["must have ", which, " "]);
    out.count(bound, one, many);
    out.words(&[", but has "]);
    out.number(has as u64);
}

fn between(out: &mut Vec<u8>, what: &str, min: i64, to: &str, max: i64) {
    out.words(&["must be ", what]);
    range(out, min, to, max);
}

fn range(out: &mut Vec<u8>, min: i64, to: &str, max: i64) {
    out.integer(min);
    out.words(&[to]);
    out.integer(max);
}
