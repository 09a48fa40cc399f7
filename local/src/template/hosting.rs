//! Static hosting of the documents: a private bucket behind CloudFront. The stack on this machine serves the files itself,
//! with the headers that are declared here; the other resources are checked so that no file is public by another way.

use super::{
    error::{Read, Refusal},
    fields::{Fields, items},
    model::{bucket_arn, distribution_arn},
    scope::{Kind, Scope, physical_name},
    yaml::Node,
};

/// Checks an `AWS::S3::Bucket`, which nobody but CloudFront may read.
pub(super) fn bucket(scope: &Scope, properties: &Node) -> Read<()> {
    let mut fields = Fields::open(scope, "AWS::S3::Bucket", properties)?;
    let mut access =
        Fields::open(scope, "PublicAccessBlockConfiguration", fields.need("PublicAccessBlockConfiguration")?)?;
    for name in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
        access.need_one_of(name, &["true"])?;
    }
    access.finish()?;
    let mut ownership = Fields::open(scope, "OwnershipControls", fields.need("OwnershipControls")?)?;
    for rule in items(ownership.need("Rules")?)? {
        let mut rule = Fields::open(scope, "Rules", rule)?;
        rule.need_one_of("ObjectOwnership", &["BucketOwnerEnforced"])?;
        rule.finish()?;
    }
    ownership.finish()?;
    fields.finish()
}

/// Checks an `AWS::S3::BucketPolicy`, which lets CloudFront read the objects for one distribution.
pub(super) fn bucket_policy(scope: &Scope, properties: &Node) -> Read<()> {
    let mut fields = Fields::open(scope, "AWS::S3::BucketPolicy", properties)?;
    let bucket = scope.by_name(fields.need("Bucket")?, Kind::Bucket)?;
    let mut document = Fields::open(scope, "PolicyDocument", fields.need("PolicyDocument")?)?;
    fields.finish()?;
    document.need_one_of("Version", &["2012-10-17"])?;
    let statements = document.need("Statement")?;
    document.finish()?;
    let arn = bucket_arn(&physical_name(&bucket));
    for statement in items(statements)? {
        let mut fields = Fields::open(scope, "Statement", statement)?;
        fields.need_one_of("Effect", &["Allow"])?;
        fields.need_one_of("Action", &["s3:GetObject"])?;
        fields.need_one_of("Resource", &[&format!("{arn}/*")])?;
        let mut principal = Fields::open(scope, "Principal", fields.need("Principal")?)?;
        principal.need_one_of("Service", &["cloudfront.amazonaws.com"])?;
        principal.finish()?;
        let mut condition = Fields::open(scope, "Condition", fields.need("Condition")?)?;
        let mut equals = Fields::open(scope, "StringEquals", condition.need("StringEquals")?)?;
        condition.finish()?;
        let source = equals.need("AWS:SourceArn")?;
        equals.finish()?;
        scope.by_arn(source, Kind::Distribution, distribution_arn)?;
        fields.finish()?;
    }
    Ok(())
}

/// Checks an `AWS::CloudFront::OriginAccessControl`, with which CloudFront signs its requests to a bucket.
pub(super) fn origin_access(scope: &Scope, properties: &Node) -> Read<()> {
    let mut fields = Fields::open(scope, "AWS::CloudFront::OriginAccessControl", properties)?;
    let mut config = Fields::open(scope, "OriginAccessControlConfig", fields.need("OriginAccessControlConfig")?)?;
    fields.finish()?;
    config.need_text("Name")?;
    config.need_one_of("OriginAccessControlOriginType", &["s3"])?;
    config.need_one_of("SigningBehavior", &["always"])?;
    config.need_one_of("SigningProtocol", &["sigv4"])?;
    config.finish()
}

/// Reads an `AWS::CloudFront::ResponseHeadersPolicy`: names and values of its headers.
pub(super) fn response_headers(scope: &Scope, properties: &Node) -> Read<Vec<(String, String)>> {
    let mut fields = Fields::open(scope, "AWS::CloudFront::ResponseHeadersPolicy", properties)?;
    let mut config = Fields::open(scope, "ResponseHeadersPolicyConfig", fields.need("ResponseHeadersPolicyConfig")?)?;
    fields.finish()?;
    config.need_text("Name")?;
    let mut security = Fields::open(scope, "SecurityHeadersConfig", config.need("SecurityHeadersConfig")?)?;
    config.finish()?;
    let mut headers = Vec::new();
    for (header, name, value) in [
        ("content-security-policy", "ContentSecurityPolicy", Some("ContentSecurityPolicy")),
        ("referrer-policy", "ReferrerPolicy", Some("ReferrerPolicy")),
        ("x-content-type-options", "ContentTypeOptions", None),
    ] {
        let mut fields = Fields::open(scope, name, security.need(name)?)?;
        // CloudFront's own header is the one that arrives, whatever an object's metadata says.
        fields.need_one_of("Override", &["true"])?;
        let value = value.map_or_else(|| Ok("nosniff".to_owned()), |value| fields.need_text(value))?;
        fields.finish()?;
        headers.push((header.to_owned(), value));
    }
    security.finish()?;
    Ok(headers)
}

/// Checks an `AWS::CloudFront::Distribution` of one bucket.
pub(super) fn distribution(scope: &Scope, properties: &Node) -> Read<()> {
    let mut fields = Fields::open(scope, "AWS::CloudFront::Distribution", properties)?;
    let mut config = Fields::open(scope, "DistributionConfig", fields.need("DistributionConfig")?)?;
    fields.finish()?;
    config.text("Comment")?;
    config.need_one_of("Enabled", &["true"])?;
    config.need_one_of("DefaultRootObject", &["index.html"])?;
    config.one_of("HttpVersion", &["http2", "http2and3"])?;
    config.one_of("PriceClass", &["PriceClass_100", "PriceClass_200", "PriceClass_All"])?;
    let origins = config.need("Origins")?;
    let behavior = config.need("DefaultCacheBehavior")?;
    config.finish()?;
    let [origin] = items(origins)? else {
        return Err(Refusal::new(origins.line, "a distribution here has one origin"));
    };
    let id = bucket_origin(scope, origin)?;
    let mut fields = Fields::open(scope, "DefaultCacheBehavior", behavior)?;
    fields.need_one_of("TargetOriginId", &[&id])?;
    fields.need_one_of("ViewerProtocolPolicy", &["redirect-to-https", "https-only"])?;
    fields.one_of("Compress", &["true", "false"])?;
    fields.need_text("CachePolicyId")?;
    scope.by_name(fields.need("ResponseHeadersPolicyId")?, Kind::ResponseHeaders)?;
    fields.finish()
}

/// The id of an origin that is a bucket.
fn bucket_origin(scope: &Scope, node: &Node) -> Read<String> {
    let mut fields = Fields::open(scope, "Origins", node)?;
    let id = fields.need_text("Id")?;
    fields.need_text("DomainName")?;
    scope.by_name(fields.need("OriginAccessControlId")?, Kind::OriginAccess)?;
    // CloudFormation wants it there and empty with an origin access control.
    let mut origin = Fields::open(scope, "S3OriginConfig", fields.need("S3OriginConfig")?)?;
    origin.need_one_of("OriginAccessIdentity", &[""])?;
    origin.finish()?;
    fields.finish()?;
    Ok(id)
}
