/**
 * A client's key and self-signed certificate as PKCS#12, made once with OpenSSL (P-256, valid for 100 years): nothing that runs
 * in Node makes one.
 */
export const pkcs12 = {
  commonName: "pkcs12-client",
  passphrase: "open-sesame",
  bytes: Buffer.from(
    [
      "MIIEWQIBAzCCBA8GCSqGSIb3DQEHAaCCBAAEggP8MIID+DCCApIGCSqGSIb3DQEHBqCCAoMwggJ/AgEAMIICeAYJKoZIhvcNAQcB",
      "MFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjQ34zjetuKngICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEIrk",
      "xqMCf8C9/0y6PeE785WAggIQgppsCgqSvEjvjHdbxU84B1LYViJUHwNFH3TxaZZpZ29ThDbKJEDfQMsFS3pAh9mcKzaESaIyAA/S",
      "LIFL3v3AGDgl2rd3u6iQTy8EVVGpnTN5tmf5d6wk9rw3xmCaTBHfOCr8UCLH5bdlwqskU2oiPvbrXDhBrg++zFlfdSoPOM/qJNoy",
      "rEPXyrmpdM4ibDUh4Nk9uKHU3RLV1NmFG7SkEALWd3ysCesncu8Dz78X9sF50zG7u9UcrmEakepD4fnLQW8gYW3d3ZCoIodRQZeI",
      "czHmjUp5VspnpMKiJtDRCzc4YKQy4k+G2nagG0MRjJ8O9OzFVTkf2165+njMZQ7PONskVyGLOQoNbTlv6KOfte9rsYymiSyC4wg6",
      "9QbdUBwsDwM5WMZauyPKiRTJKqefxMdY0KR1WyOE+7j62Le5A23DEIXD+oPC8wMW3tP1KdWknvgMIbF6Wx+FL/Uz4KuUJA8fLhjS",
      "Nn1GwK60pyPwOyT22F/UV23McFJA+0sM0DdSYLggfl11wpJiytQKFkzV1yl46CZWdi7MjdFbcE9+JR4BUBJJxVHnmj6MTaS0zxr9",
      "HWMSJadZmcuYsx5dg4+jZowtyy/dvj4EbVp1ieGBttTCry2jZqs/zzhUuTU6KsoILscbBBZ7mqDxk45tD6eMiD2AumizlQVIAHdl",
      "m6sD5VHycPDyedOJGRyM/fPTMW32MIIBXgYJKoZIhvcNAQcBoIIBTwSCAUswggFHMIIBQwYLKoZIhvcNAQwKAQKgge8wgewwVwYJ",
      "KoZIhvcNAQUNMEowKQYJKoZIhvcNAQUMMBwECE6w6o7FPeDAAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQJarPnU8f",
      "pw3hRp3cI35cPASBkPoi0oLl+fILkIpLmWjed/6DfYeMBbx8uuY+zC5fN53RpLB+D8IT3u3yK/8skcofMIEySrIqcuUgDep2U1Nf",
      "x2FgzMHaWTZ/Z9ql7uHY+G8okDJLHTFDgK6TUc5O+WTNKBdJGJRL+B4ia/nomT9hDRnBg0SNkBePqU0/qB0RImJk1xasaBNycC++",
      "BhChRd4CnzFCMBsGCSqGSIb3DQEJFDEOHgwAYwBsAGkAZQBuAHQwIwYJKoZIhvcNAQkVMRYEFNiUMbfjJM30SDRt45+kCu4yQQDe",
      "MEEwMTANBglghkgBZQMEAgEFAAQg9Pc8hGqORhXC04x1AFZMgH7HG74dUDZKStKByVsVkJEECBW3iacZCDZDAgIIAA=="
    ].join(""),
    "base64"
  )
}
