//! What secrets look like. Source: the prefixes that the providers publish for their tokens, which is also what GitHub's secret
//! scanning ("Supported secret scanning patterns" in its documentation) and gitleaks (its default rules) look for; the
//! expressions are written for this list. Only what can be told by its shape is here: a password by itself cannot.

/// A name, texts of which one is in every match, and the expression. Its first group is the secret, where only a part of the match
/// is one.
pub type Pattern = (&'static str, &'static [&'static str], &'static str);

/// The patterns, the more special before the more general.
pub const PATTERNS: &[Pattern] = &[
    (
        "private-key",
        &["PRIVATE KEY"],
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\z)",
    ),
    (
        "age-key",
        &["AGE-SECRET-KEY-1"],
        r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}\b",
    ),
    // Clouds and their storage.
    (
        "aws-access-key",
        &["AKIA", "ASIA", "ABIA", "ACCA"],
        r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b",
    ),
    (
        "aws-secret-key",
        &["ecret", "ECRET"],
        r#"(?i)\baws_?secret_?(?:access_?)?key\b["']?\s{0,3}[:=]\s{0,3}["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|\z)"#,
    ),
    (
        "azure-storage-key",
        &["AccountKey="],
        r"AccountKey=([A-Za-z0-9+/]{86}==)",
    ),
    (
        "azure-secret",
        &["Q~"],
        r"\b[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
    ),
    ("google-key", &["AIza"], r"\bAIza[A-Za-z0-9_-]{35}"),
    ("google-token", &["ya29."], r"\bya29\.[A-Za-z0-9_-]{20,}"),
    ("google-secret", &["GOCSPX-"], r"\bGOCSPX-[A-Za-z0-9_-]{28}"),
    (
        "digitalocean-token",
        &["_v1_"],
        r"\bdo[opr]_v1_[0-9a-f]{64}\b",
    ),
    (
        "cloudflare-key",
        &["v1.0-"],
        r"\bv1\.0-[0-9a-f]{24}-[0-9a-f]{146}\b",
    ),
    (
        "fly-token",
        &["FlyV1 ", "fm2_"],
        r"\b(?:FlyV1 )?fm[12][ar]?_[A-Za-z0-9+/=,_]{60,}",
    ),
    (
        "vercel-token",
        &["vercel_blob_rw_"],
        r"\bvercel_blob_rw_[A-Za-z0-9_]{30,}",
    ),
    (
        "supabase-key",
        &["sbp_", "sb_secret_"],
        r"\b(?:sbp_[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{20,})",
    ),
    (
        "planetscale-token",
        &["pscale_"],
        r"\bpscale_(?:tkn|oauth|pw)_[A-Za-z0-9_.=-]{32,}",
    ),
    ("databricks-token", &["dapi"], r"\bdapi[0-9a-f]{32}\b"),
    // Models.
    (
        "anthropic-key",
        &["sk-ant-"],
        r"\bsk-ant-[a-z0-9]{3,12}-[A-Za-z0-9_-]{20,}",
    ),
    (
        "openai-key",
        &["sk-"],
        r"\bsk-(?:(?:proj|svcacct|admin|None|or-v1)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{48})\b",
    ),
    ("hugging-face-token", &["hf_"], r"\bhf_[A-Za-z]{34}\b"),
    ("replicate-token", &["r8_"], r"\br8_[A-Za-z0-9]{37}\b"),
    ("groq-key", &["gsk_"], r"\bgsk_[A-Za-z0-9]{40,}"),
    ("xai-key", &["xai-"], r"\bxai-[A-Za-z0-9]{60,}"),
    ("perplexity-key", &["pplx-"], r"\bpplx-[A-Za-z0-9]{40,}"),
    (
        "langsmith-key",
        &["lsv2_"],
        r"\blsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}\b",
    ),
    // Code and packages.
    (
        "github-token",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255})",
    ),
    (
        "gitlab-token",
        &["gl"],
        r"\bgl(?:pat|oas|dt|rt|ptt|cbt|ft|imt|agent|soat)-[A-Za-z0-9_.-]{20,}",
    ),
    ("npm-token", &["npm_"], r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("pypi-token", &["pypi-"], r"\bpypi-[A-Za-z0-9_-]{50,}"),
    ("crates-io-token", &["cio"], r"\bcio[A-Za-z0-9]{32}\b"),
    (
        "rubygems-token",
        &["rubygems_"],
        r"\brubygems_[0-9a-f]{48}\b",
    ),
    (
        "docker-token",
        &["dckr_"],
        r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}",
    ),
    (
        "vault-token",
        &["hvs.", "hvb.", "hvr."],
        r"\bhv[sbr]\.[A-Za-z0-9_-]{24,}",
    ),
    (
        "terraform-token",
        &[".atlasv1."],
        r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}",
    ),
    (
        "doppler-token",
        &["dp."],
        r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{40,}",
    ),
    ("pulumi-token", &["pul-"], r"\bpul-[0-9a-f]{40}\b"),
    (
        "atlassian-token",
        &["ATATT3", "ATBB"],
        r"\b(?:ATATT3[A-Za-z0-9_=-]{100,}|ATBB[A-Za-z0-9]{24,})",
    ),
    ("linear-key", &["lin_api_"], r"\blin_api_[A-Za-z0-9]{40}\b"),
    (
        "sentry-token",
        &["sntrys_", "sntryu_"],
        r"\b(?:sntrys_[A-Za-z0-9+/=_-]{40,}|sntryu_[0-9a-f]{64})",
    ),
    // Services.
    (
        "slack-token",
        &["xox", "xapp-"],
        r"\b(?:xox[abceoprs]|xapp-[0-9])(?:[.-][A-Za-z0-9]{1,80}){2,}",
    ),
    (
        "slack-webhook",
        &["hooks.slack.com"],
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{20,})",
    ),
    (
        "discord-webhook",
        &["/api/webhooks/"],
        r"discord(?:app)?\.com/api/webhooks/([0-9]{15,20}/[A-Za-z0-9_-]{60,})",
    ),
    (
        "telegram-token",
        &[":AA"],
        r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b",
    ),
    (
        "stripe-key",
        &["sk_", "rk_", "whsec_"],
        r"\b(?:[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{32,})",
    ),
    (
        "square-token",
        &["sq0"],
        r"\bsq0(?:atp|csp)-[A-Za-z0-9_-]{22,43}",
    ),
    (
        "shopify-token",
        &["shp"],
        r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b",
    ),
    ("twilio-key", &["SK"], r"\bSK[0-9a-f]{32}\b"),
    (
        "sendgrid-key",
        &["SG."],
        r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    ),
    ("mailgun-key", &["key-"], r"\bkey-[0-9a-f]{32}\b"),
    (
        "notion-token",
        &["secret_", "ntn_"],
        r"\b(?:secret_[A-Za-z0-9]{43}|ntn_[A-Za-z0-9]{40,})\b",
    ),
    ("figma-token", &["figd_"], r"\bfigd_[A-Za-z0-9_-]{40,}"),
    (
        "postman-key",
        &["PMAK-"],
        r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b",
    ),
    (
        "grafana-token",
        &["glsa_", "glc_"],
        r"\b(?:glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|glc_[A-Za-z0-9+/=]{32,})",
    ),
    ("new-relic-key", &["NRAK-"], r"\bNRAK-[A-Z0-9]{27}\b"),
    (
        "1password-token",
        &["ops_eyJ"],
        r"\bops_eyJ[A-Za-z0-9+/=_-]{100,}",
    ),
    // Shapes that many use.
    (
        "jwt",
        &["eyJ"],
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    ),
    (
        "authorization",
        &["uthorization", "UTHORIZATION"],
        r#"(?i)\bauthorization["']?\s{0,3}[:=]\s{0,3}["']?(?:bearer|basic|token)\s{1,3}([A-Za-z0-9._~+/=-]{16,})"#,
    ),
    (
        "password",
        &["://"],
        r#"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@"'<>]{0,64}:([^\s/@"'<>$\{]{3,128})@[A-Za-z0-9\[]"#,
    ),
];
