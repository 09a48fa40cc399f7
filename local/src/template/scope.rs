//! Resolves names: parameters, resources, pseudo parameters; and the intrinsic functions that use them.

use super::{
    error::{Read, Refusal},
    model::{
        ACCOUNT, REGION, STACK_NAME, STACK_UUID, bucket_arn, function_arn, log_group_arn, queue_arn, stream_arn,
        table_arn,
    },
    yaml::{Intrinsic, Node, Value},
};
use std::collections::BTreeMap;

/// The addresses of the running stack: known only once its ports are, yet part of queue URLs and the API's endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// SQS, as `http://127.0.0.1:PORT`.
    pub sqs: String,
    /// The gateway, as `http://127.0.0.1:PORT`.
    pub api: String,
}

/// The resource types that this stack supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Table,
    Queue,
    Api,
    Function,
    LogGroup,
    MetricFilter,
    Alarm,
    Bucket,
    BucketPolicy,
    OriginAccess,
    ResponseHeaders,
    Distribution,
}

impl Kind {
    pub(super) fn of(resource_type: &str) -> Option<Self> {
        match resource_type {
            "AWS::DynamoDB::Table" => Some(Self::Table),
            "AWS::SQS::Queue" => Some(Self::Queue),
            "AWS::Serverless::HttpApi" => Some(Self::Api),
            "AWS::Serverless::Function" => Some(Self::Function),
            "AWS::Logs::LogGroup" => Some(Self::LogGroup),
            "AWS::Logs::MetricFilter" => Some(Self::MetricFilter),
            "AWS::CloudWatch::Alarm" => Some(Self::Alarm),
            "AWS::S3::Bucket" => Some(Self::Bucket),
            "AWS::S3::BucketPolicy" => Some(Self::BucketPolicy),
            "AWS::CloudFront::OriginAccessControl" => Some(Self::OriginAccess),
            "AWS::CloudFront::ResponseHeadersPolicy" => Some(Self::ResponseHeaders),
            "AWS::CloudFront::Distribution" => Some(Self::Distribution),
            _ => None,
        }
    }

    pub(super) fn resource_type(self) -> &'static str {
        match self {
            Self::Table => "AWS::DynamoDB::Table",
            Self::Queue => "AWS::SQS::Queue",
            Self::Api => "AWS::Serverless::HttpApi",
            Self::Function => "AWS::Serverless::Function",
            Self::LogGroup => "AWS::Logs::LogGroup",
            Self::MetricFilter => "AWS::Logs::MetricFilter",
            Self::Alarm => "AWS::CloudWatch::Alarm",
            Self::Bucket => "AWS::S3::Bucket",
            Self::BucketPolicy => "AWS::S3::BucketPolicy",
            Self::OriginAccess => "AWS::CloudFront::OriginAccessControl",
            Self::ResponseHeaders => "AWS::CloudFront::ResponseHeadersPolicy",
            Self::Distribution => "AWS::CloudFront::Distribution",
        }
    }
}

/// The names of a template.
pub(super) struct Scope {
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) resources: BTreeMap<String, Kind>,
    pub(super) endpoints: Endpoints,
}

/// The name that AWS would derive for an unnamed resource, without its random suffix.
pub(super) fn physical_name(logical_id: &str) -> String {
    format!("{STACK_NAME}-{logical_id}")
}

impl Scope {
    /// The text of a scalar, with its intrinsic function evaluated.
    pub(super) fn text(&self, node: &Node) -> Read<String> {
        let text = match &node.value {
            Value::Scalar(text) => text,
            Value::Map(entries) => return Err(unexpected_map(node.line, entries.first().map(|(key, _)| &*key.name))),
            Value::List(_) => return Err(Refusal::new(node.line, "text is expected here, not a list")),
        };
        match node.tag {
            None => Ok(text.clone()),
            Some(Intrinsic::Ref) => self.reference(text, node.line),
            Some(Intrinsic::GetAtt) => match text.split_once('.') {
                Some((resource, attribute)) => self.attribute(resource, attribute, node.line),
                None => Err(Refusal::new(node.line, format!("`!GetAtt {text}` names no attribute"))),
            },
            Some(Intrinsic::Sub) => self.substitute(text, node.line),
        }
    }

    fn reference(&self, name: &str, line: usize) -> Read<String> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(value.clone());
        }
        if let Some(kind) = self.resources.get(name) {
            let physical = physical_name(name);
            return Ok(match kind {
                Kind::Queue => format!("{}/{ACCOUNT}/{physical}", self.endpoints.sqs),
                _ => physical,
            });
        }
        match name {
            "AWS::Region" => Ok(REGION.to_owned()),
            "AWS::AccountId" => Ok(ACCOUNT.to_owned()),
            "AWS::Partition" => Ok("aws".to_owned()),
            "AWS::StackName" => Ok(STACK_NAME.to_owned()),
            "AWS::StackId" => Ok(format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK_NAME}/{STACK_UUID}")),
            _ => Err(Refusal::new(line, format!("there is no parameter or resource `{name}`"))),
        }
    }

    fn attribute(&self, resource: &str, attribute: &str, line: usize) -> Read<String> {
        let Some(kind) = self.resources.get(resource) else {
            return Err(Refusal::new(line, format!("there is no resource `{resource}`")));
        };
        let physical = physical_name(resource);
        Ok(match (kind, attribute) {
            (Kind::Table, "Arn") => table_arn(&physical),
            (Kind::Table, "StreamArn") => stream_arn(&physical),
            (Kind::Queue, "Arn") => queue_arn(&physical),
            (Kind::Queue, "QueueName") => physical,
            (Kind::Queue, "QueueUrl") => format!("{}/{ACCOUNT}/{physical}", self.endpoints.sqs),
            (Kind::Function, "Arn") => function_arn(&physical),
            (Kind::LogGroup, "Arn") => log_group_arn(&physical),
            (Kind::Api, "ApiEndpoint") => self.endpoints.api.clone(),
            (Kind::Bucket, "Arn") => bucket_arn(&physical),
            (Kind::Bucket, "RegionalDomainName") => format!("{physical}.s3.{REGION}.amazonaws.com"),
            (Kind::Distribution, "DomainName") => format!("{physical}.cloudfront.net"),
            _ => {
                let kind = kind.resource_type();
                return Err(Refusal::new(
                    line,
                    format!("{kind} has no attribute `{attribute}` that this stack understands"),
                ));
            }
        })
    }

    /// `!Sub`: `${Name}` is a reference, `${Name.Attribute}` an attribute, `${!Name}` the text `${Name}`.
    fn substitute(&self, text: &str, line: usize) -> Read<String> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                return Err(Refusal::new(line, format!("a `${{` is not closed in `{text}`")));
            };
            match (name.strip_prefix('!'), name.split_once('.')) {
                (Some(literal), _) => result.push_str(&format!("${{{literal}}}")),
                (None, Some((resource, attribute))) => result.push_str(&self.attribute(resource, attribute, line)?),
                (None, None) => result.push_str(&self.reference(name, line)?),
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    /// The logical id of the resource of that type whose physical name is `node`.
    pub(super) fn by_name(&self, node: &Node, kind: Kind) -> Read<String> {
        let text = self.text(node)?;
        let found = self.resources.iter().find(|(id, of)| **of == kind && physical_name(id) == text);
        found.map(|(id, _)| id.clone()).ok_or_else(|| {
            Refusal::new(node.line, format!("`{text}` is not the name of an {} of this template", kind.resource_type()))
        })
    }

    /// The logical id of the resource of that type whose ARN is `node`.
    pub(super) fn by_arn(&self, node: &Node, kind: Kind, arn: fn(&str) -> String) -> Read<String> {
        let text = self.text(node)?;
        let found = self.resources.iter().find(|(id, of)| **of == kind && arn(&physical_name(id)) == text);
        found.map(|(id, _)| id.clone()).ok_or_else(|| {
            Refusal::new(node.line, format!("`{text}` is not the ARN of a {} of this template", kind.resource_type()))
        })
    }
}

fn unexpected_map(line: usize, first: Option<&str>) -> Refusal {
    match first {
        Some(name) if name == "Ref" || name.starts_with("Fn::") => Refusal::new(
            line,
            format!(
                "the intrinsic function `{name}` is not one that this stack understands; it reads the short forms `!Ref`, `!GetAtt` and `!Sub`"
            ),
        ),
        _ => Refusal::new(line, "text is expected here, not a mapping"),
    }
}
