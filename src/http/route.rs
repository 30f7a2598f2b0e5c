//! The routes there are, as logs name them.

/// Every route, the literal ones first: a segment in braces stands for any.
pub const ROUTES: [&str; 12] = [
    "/api/export",
    "/api/user",
    "/api/shares",
    "/api/metrics",
    "/api/sync",
    "/api/session",
    "/api/import",
    "/api/health/redis",
    "/api/conversations",
    "/api/conversations/{id}",
    "/api/conversations/{id}/messages",
    "/api/conversations/{id}/messages/{messageId}",
];

/// The pattern that `path` belongs to, so that no id gets into a log; `other` where there is none.
pub fn route_of(path: &str) -> &'static str {
    let found = ROUTES.into_iter().find(|pattern| is_match(pattern, path));
    found.unwrap_or("other")
}

fn is_match(pattern: &str, path: &str) -> bool {
    let mut segments = path.trim_matches('/').split('/');
    let mut expected = pattern.trim_matches('/').split('/');
    expected.all(|name| {
        let segment = segments.next();
        segment.is_some_and(|segment| name.starts_with('{') || name == segment)
    }) && segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_pattern_and_never_the_id() {
        for (path, route) in [
            ("/api/conversations", "/api/conversations"),
            ("/api/conversations/", "/api/conversations"),
            ("/api/conversations/messages", "/api/conversations/{id}"),
            (
                "/api/conversations/c/messages",
                "/api/conversations/{id}/messages",
            ),
            ("/api/conversations/c/secret", "other"),
            ("/api/health", "other"),
            ("/", "other"),
            ("", "other"),
        ] {
            assert_eq!(route_of(path), route, "{path}");
        }
    }
}
