//! What can be wrong, as data; its code, limit and message are made only for those that are reported.

use rust_decimal::Decimal;

use super::format::Format;
use super::scan::Fault;
use super::suggest;
use super::table::{Object, Sign};
use crate::{Code, limits};

/// A rule that a value breaks.
pub(super) enum Broken<'b> {
    Fault(Fault),
    BodyTooLarge { bytes: usize },
    OrderTooLarge { bytes: usize },
    Duplicate,
    Required,
    WrongType { wants: &'static str, has: &'static str },
    NotAnInteger,
    TooShort { min: usize, has: usize },
    TooLong { max: usize, has: usize },
    TooFew { min: usize, has: usize },
    TooMany { max: usize, has: usize, code: Code },
    Control { character: char },
    Form(&'static Format),
    NotANumber,
    IntegerRange { min: i64, max: i64 },
    AmountRange(Sign),
    DegreesRange { max: i64 },
    TooManyDecimals { max: u32 },
    ClientOrderNumberMissing,
    UnknownMember { name: &'b str, object: &'static Object },
    Subtotal { expected: Decimal },
    Total { expected: Decimal },
    RepeatedSafeId { first: usize },
}

impl Broken<'_> {
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
            Self::Form(_) | Self::NotANumber => Code::InvalidFormat,
            Self::IntegerRange { .. } | Self::AmountRange(_) | Self::DegreesRange { .. } => Code::OutOfRange,
            Self::TooManyDecimals { .. } => Code::TooManyDecimals,
            Self::ClientOrderNumberMissing => Code::ClientOrderNumberRequired,
            Self::UnknownMember { .. } => Code::UnknownMember,
            Self::Subtotal { .. } | Self::Total { .. } => Code::TotalMismatch,
            Self::RepeatedSafeId { .. } => Code::DuplicateSafeId,
        }
    }

    /// Warnings stand beside an order and never refuse it.
    pub(super) fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::UnknownMember { .. } | Self::Subtotal { .. } | Self::Total { .. } | Self::RepeatedSafeId { .. }
        )
    }

    /// The bound of the rule for machines: a number, a range, a type or the name of a form.
    pub(super) fn limit(&self) -> Option<String> {
        Some(match self {
            Self::Fault(fault) if fault.code == Code::TooDeep => limits::DEPTH_MAX.to_string(),
            Self::BodyTooLarge { .. } => limits::BODY_BYTES_MAX.to_string(),
            Self::OrderTooLarge { .. } => limits::ORDER_BYTES_MAX.to_string(),
            Self::WrongType { wants, .. } => (*wants).to_owned(),
            Self::NotAnInteger => "integer".to_owned(),
            Self::TooShort { min, .. } | Self::TooFew { min, .. } => min.to_string(),
            Self::TooLong { max, .. } | Self::TooMany { max, .. } => max.to_string(),
            Self::Form(format) => format.name.to_owned(),
            Self::NotANumber => "number".to_owned(),
            Self::IntegerRange { min, max } => format!("{min}..{max}"),
            Self::AmountRange(Sign::NotNegative) => format!("0..<{}", limits::AMOUNT_MAX),
            Self::AmountRange(Sign::Any) => format!("-{0}<..<{0}", limits::AMOUNT_MAX),
            Self::DegreesRange { max } => format!("-{max}..{max}"),
            Self::TooManyDecimals { max } => max.to_string(),
            Self::Subtotal { expected } | Self::Total { expected } => expected.to_string(),
            _ => return None,
        })
    }

    /// The rule as a sentence without a full stop; `value` is the attempted value, if it may be shown.
    pub(super) fn message(&self, value: Option<&str>) -> String {
        let rule = self.rule();
        match value {
            Some(value) if self.shows_value() => format!("{rule}, not `{value}`"),
            _ => rule,
        }
    }

    fn shows_value(&self) -> bool {
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

    fn rule(&self) -> String {
        match self {
            Self::Fault(fault) => fault_message(*fault),
            Self::BodyTooLarge { bytes } => {
                format!("a body has at most {} bytes, but this one has {bytes}", limits::BODY_BYTES_MAX)
            }
            Self::OrderTooLarge { bytes } => {
                format!("an order has at most {} bytes, but this one has {bytes}", limits::ORDER_BYTES_MAX)
            }
            Self::Duplicate => "must stand at most once in its object".to_owned(),
            Self::Required => "is required".to_owned(),
            Self::WrongType { wants, has } => format!("must be {}, not {}", a(wants), a(has)),
            Self::NotAnInteger => "must be an integer, written with digits only".to_owned(),
            Self::TooShort { min, has } => format!("must have at least {}, but has {has}", count(*min, "character")),
            Self::TooLong { max, has } => format!("must have at most {}, but has {has}", count(*max, "character")),
            Self::TooFew { min, has } => format!("must have at least {}, but has {has}", entries(*min)),
            Self::TooMany { max, has, .. } => format!("must have at most {}, but has {has}", entries(*max)),
            Self::Control { character } => {
                format!("must hold no control characters, but has U+{:04X}", u32::from(*character))
            }
            Self::Form(format) => format!("must be {}", format.is),
            Self::NotANumber => "must be a decimal number such as `200.50`".to_owned(),
            Self::IntegerRange { min, max } => format!("must be an integer from {min} to {max}"),
            Self::AmountRange(Sign::NotNegative) => {
                format!("must be an amount from 0 to below {}", limits::AMOUNT_MAX)
            }
            Self::AmountRange(Sign::Any) => format!("must be an amount between -{0} and {0}", limits::AMOUNT_MAX),
            Self::DegreesRange { max } => format!("must be a number from -{max} to {max}"),
            Self::TooManyDecimals { max } => {
                format!("must have at most {} after the point", count(*max as usize, "digit"))
            }
            Self::ClientOrderNumberMissing => "is required when `enableClientOrderNumberDupCheck` is true".to_owned(),
            Self::UnknownMember { name, object } => match suggest::nearest(name, object) {
                Some(known) => format!("is not known and was ignored; did you mean `{known}`"),
                None => "is not known and was ignored".to_owned(),
            },
            Self::Subtotal { expected } => format!("should be `customerPrice` × `quantity` = {expected}"),
            Self::Total { expected } => format!("should be the sum of the `customerTransactions` = {expected}"),
            Self::RepeatedSafeId { first } => format!("is also the `safeId` of `/bulk/{first}`"),
        }
    }
}

fn fault_message(Fault { code, at, wants }: Fault) -> String {
    match code {
        Code::TooDeep => format!("arrays and objects nest at most {} deep, exceeded at byte {at}", limits::DEPTH_MAX),
        Code::InvalidUtf8 => format!("not UTF-8 at byte {at}"),
        _ => format!("not JSON at byte {at}: expected {wants}"),
    }
}

/// The noun with its article.
fn a(noun: &str) -> String {
    match noun {
        "null" => noun.to_owned(),
        _ if noun.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {noun}"),
        _ => format!("a {noun}"),
    }
}

fn count(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn entries(count: usize) -> String {
    format!("{count} {}", if count == 1 { "entry" } else { "entries" })
}
