//! Replaces what looks like a secret.

use std::borrow::Cow;

use regex::{Captures, Regex, RegexBuilder};

use super::json_strings::replace_strings;
use super::patterns::Pattern;

/// Finds secrets by their [`Pattern`].
#[derive(Debug)]
pub struct Redactor {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    name: String,
    /// Every match contains one of these: searching for them first is much faster.
    hints: Vec<String>,
    expression: Regex,
}

impl Redactor {
    /// With all patterns that are more than a guess.
    pub fn new() -> Self {
        let patterns = Pattern::all().into_iter();
        Self {
            rules: patterns
                .filter(|pattern| !pattern.is_guess)
                .filter_map(Rule::new)
                .collect(),
        }
    }

    /// Replaces secrets in the strings of JSON; also how many those were.
    pub fn redact_json<'a>(&self, json: &'a [u8]) -> (Cow<'a, [u8]>, u64) {
        let mut found = 0;
        let redacted = replace_strings(json, |text| self.redact(text, &mut found));
        (redacted, found)
    }

    /// A text without its secrets; `None` where it has none.
    fn redact(&self, text: &str, found: &mut u64) -> Option<String> {
        const SHORTEST: usize = 12;
        if text.len() < SHORTEST {
            return None;
        }
        let mut redacted: Option<String> = None;
        for rule in &self.rules {
            let current = redacted.as_deref().unwrap_or(text);
            if !rule.hints.iter().any(|hint| current.contains(&**hint)) {
                continue;
            }
            let replaced = rule
                .expression
                .replace_all(current, |captures: &Captures<'_>| {
                    *found += 1;
                    rule.replacement(captures)
                });
            if let Cow::Owned(replaced) = replaced {
                redacted = Some(replaced);
            }
        }
        redacted
    }
}

impl Rule {
    fn new(pattern: Pattern) -> Option<Self> {
        // Word boundaries are ASCII here, which is also faster.
        let expression = pattern.expression.replace(r"\b", r"(?-u:\b)");
        let expression = RegexBuilder::new(&expression)
            .case_insensitive(pattern.ignore_case)
            .build()
            .ok()?;
        Some(Self {
            name: pattern.name,
            hints: pattern.hints,
            expression,
        })
    }

    /// The replacement of a match: if it has a group, only that is the secret.
    fn replacement(&self, captures: &Captures<'_>) -> String {
        let mark = format!("[redacted:{}]", self.name);
        let whole = captures.get_match();
        match captures.get(1) {
            Some(secret) => {
                let (start, end) = (secret.start() - whole.start(), secret.end() - whole.start());
                format!(
                    "{}{mark}{}",
                    &whole.as_str()[..start],
                    &whole.as_str()[end..]
                )
            }
            None => mark,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(text: &str) -> String {
        let redacted = Redactor::new().redact(text, &mut 0);
        redacted.unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn every_pattern_is_an_expression_with_hints() {
        let patterns = Pattern::all();
        let count = patterns.len();
        assert!(count > 50 && patterns.iter().all(|pattern| !pattern.hints.is_empty()));
        // Patterns that the page only marks are compiled here, too.
        let rules: Vec<Rule> = patterns.into_iter().filter_map(Rule::new).collect();
        assert_eq!(rules.len(), count);
        assert!(Redactor::new().rules.len() > 50);
    }

    #[test]
    fn secrets_are_found() {
        let a = |count: usize| "a1B2".repeat(count / 4 + 1)[..count].to_owned();
        let hex = |count: usize| "0a1b".repeat(count / 4 + 1)[..count].to_owned();
        for (secret, name) in [
            (format!("AKIA{}", "ABCD2345EFGH6723"), "aws-access-key"),
            (format!("ghp_{}", a(36)), "github-token"),
            (format!("github_pat_{}", a(82)), "github-token"),
            (format!("glpat-{}", a(20)), "gitlab-token"),
            (format!("xoxb-{}-{}", "1".repeat(12), a(24)), "slack-token"),
            (format!("sk-ant-api03-{}", a(93)), "anthropic-key"),
            (format!("sk-proj-{}", a(48)), "openai-key"),
            (format!("AIza{}", a(35)), "google-key"),
            (format!("sk_live_{}", a(24)), "stripe-key"),
            (format!("npm_{}", a(36)), "npm-token"),
            (format!("hf_{}", "aB".repeat(17)), "hugging-face-token"),
            (format!("dop_v1_{}", hex(64)), "digitalocean-token"),
            (format!("eyJ{0}.eyJ{0}.{0}", a(20)), "jwt"),
        ] {
            assert_eq!(
                redact(&format!("x {secret} y")),
                format!("x [redacted:{name}] y"),
                "{secret}"
            );
            assert_eq!(
                redact(&format!("KEY={secret}")),
                format!("KEY=[redacted:{name}]")
            );
        }
    }

    #[test]
    fn text_around_a_secret_is_kept() {
        let address = "postgres://me:pass%20word@db.example.com/x?a=b";
        assert_eq!(
            redact(address),
            "postgres://me:[redacted:password]@db.example.com/x?a=b"
        );
        let header = "curl -H 'Authorization: Bearer abcdefghijklmnop.qrs'";
        assert_eq!(
            redact(header),
            "curl -H 'Authorization: Bearer [redacted:authorization]'"
        );
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn\n-----END OPENSSH PRIVATE KEY-----";
        assert_eq!(
            redact(&format!("a\n{key}\nb")),
            "a\n[redacted:private-key]\nb"
        );
        assert_eq!(
            redact("-----BEGIN PRIVATE KEY-----\ncut off"),
            "[redacted:private-key]"
        );
    }

    #[test]
    fn text_that_is_no_secret_is_kept() {
        for text in [
            "https://example.com/a:b@c and git@github.com:me/it.git",
            "toolu_01A09q90qw90lq917835lq9 msg_01XFDUDYJgAACzvnptvVoYEL",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "the ghp_ prefix, AKIA and sk-ant- are no secrets",
            "Authorization: Bearer <token>",
        ] {
            assert_eq!(redact(text), text);
        }
    }
}
