// CloudFront events, as its documentation describes them ("Lambda@Edge event structure").

/** An origin request; `body` is the member that "include body" adds. */
export function originRequest({ uri, method = "POST", headers = {}, body }) {
  return {
    Records: [
      {
        cf: {
          config: {
            distributionDomainName: "d111111abcdef8.cloudfront.net",
            distributionId: "EDFDVBD6EXAMPLE",
            eventType: "origin-request",
            requestId: "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==",
          },
          request: {
            clientIp: "203.0.113.178",
            headers: {
              "x-forwarded-for": [{ key: "X-Forwarded-For", value: "203.0.113.178" }],
              "user-agent": [{ key: "User-Agent", value: "Amazon CloudFront" }],
              via: [{ key: "Via", value: "2.0 2afae0d44e2540f472c0635ab62c232b.cloudfront.net (CloudFront)" }],
              host: [{ key: "Host", value: "api.example.com" }],
              ...listed({ "Content-Type": "application/json", Authorization: "Bearer token", "X-Api-Key": "key", ...headers }),
            },
            method,
            origin: {
              custom: {
                customHeaders: {},
                domainName: "api.example.com",
                keepaliveTimeout: 5,
                path: "",
                port: 443,
                protocol: "https",
                readTimeout: 30,
                sslProtocols: ["TLSv1.2"],
              },
            },
            querystring: "trace=1",
            uri,
            ...(body === undefined ? {} : { body }),
          },
        },
      },
    ],
  };
}

/** The body of an event: base64, as CloudFront always sends it. */
export function includedBody(bytes, { inputTruncated = false } = {}) {
  return { inputTruncated, action: "read-only", encoding: "base64", data: Buffer.from(bytes).toString("base64") };
}

function listed(headers) {
  return Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), [{ key, value }]]));
}
