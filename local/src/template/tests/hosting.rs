//! The documents' hosting: what the template declares, and that no file becomes public by another way.

use super::{super::stack::parse, deployed, endpoints, read_deployed};
use std::collections::BTreeMap;

/// Reads the deployed template with one text replaced.
fn changed(from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(deployed()).expect("the template");
    assert_eq!(text.matches(from).count(), 1, "{from}");
    parse("template.yaml", &text.replace(from, to), &BTreeMap::new(), &endpoints()).expect_err("refused").to_string()
}

#[test]
fn the_headers_of_the_documents_are_read() {
    let stack = read_deployed();
    let header = |wanted: &str| {
        stack.docs_headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).expect("a header")
    };
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "no-referrer");
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self' 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('\n'), "{policy}");
    assert_eq!(stack.outputs["DocsBucketName"], "ordermill-DocsBucket");
    assert_eq!(stack.outputs["DocsUrl"], "https://ordermill-DocsDistribution.cloudfront.net/");
}

#[test]
fn a_bucket_that_others_could_read_is_refused() {
    for (from, to, expected) in [
        ("BlockPublicPolicy: true", "BlockPublicPolicy: false", "`BlockPublicPolicy` can be `true`"),
        ("        RestrictPublicBuckets: true\n", "", "needs the property `RestrictPublicBuckets`"),
        ("Principal: { Service: cloudfront.amazonaws.com }", "Principal: { AWS: '*' }", "needs the property `Service`"),
        ("Action: s3:GetObject", "Action: s3:PutObject", "`Action` can be `s3:GetObject`"),
        ("'${DocsBucket.Arn}/*'", "'${OrdersTable.Arn}/*'", "`Resource` can be `arn:aws:s3:::ordermill-DocsBucket/*`"),
        ("distribution/${DocsDistribution}'", "distribution/*'", "AWS::CloudFront::Distribution"),
        ("SigningBehavior: always", "SigningBehavior: never", "`SigningBehavior` can be `always`"),
        ("OriginAccessControlId: !Ref DocsOriginAccess", "OriginAccessControlId: none", "OriginAccessControl"),
        ("TargetOriginId: bucket", "TargetOriginId: other", "`TargetOriginId` can be `bucket`"),
        ("          ContentTypeOptions: { Override: true }\n", "", "needs the property `ContentTypeOptions`"),
        ("ResponseHeadersPolicyId: !Ref DocsHeaders", "ResponseHeadersPolicyId: none", "ResponseHeadersPolicy"),
    ] {
        let refusal = changed(from, to);
        assert!(refusal.contains(expected), "{from}: {refusal}");
    }
}
