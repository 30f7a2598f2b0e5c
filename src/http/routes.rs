//! The table of routes. What a route is called, where its file is, which paths it serves and which methods it takes stands
//! in one line here; logs, the refusal of other methods, the local server and the tests follow from it.
//!
//! Vercel's builder wants each function as a `[[bin]]` of `Cargo.toml` too: `tests/it/routes.rs` compares the two. A file
//! whose name begins with an underscore is no function: another one serves its route, by a rewrite in `vercel.json`.

use http::Method;

use super::ApiError;

/// Calls a macro with the table, a row per route: its name, the name of its module and `[[bin]]`, its file, its pattern,
/// the methods it takes. A file is named as a module two directories below the repository's root finds it.
#[macro_export]
macro_rules! for_each_route {
    ($take:ident) => {
        $take! {
            Conversations = conversations "../../api/conversations.rs" "/api/conversations" [GET POST DELETE];
            Conversation = conversation "../../api/conversations/[id].rs" "/api/conversations/{id}" [GET PUT PATCH DELETE];
            Messages = messages "../../api/conversations/[id]/messages.rs" "/api/conversations/{id}/messages" [GET POST];
            Message = message "../../api/conversations/[id]/messages/[messageId].rs" "/api/conversations/{id}/messages/{messageId}" [PUT PATCH DELETE];
            Session = session "../../api/session.rs" "/api/session" [GET POST PATCH];
            Import = import "../../api/import.rs" "/api/import" [POST];
            Sync = sync "../../api/sync.rs" "/api/sync" [GET];
            Export = export "../../api/export.rs" "/api/export" [GET];
            User = user "../../api/user.rs" "/api/user" [GET PATCH DELETE];
            Shares = shares "../../api/shares.rs" "/api/shares" [GET POST DELETE];
            Metrics = metrics "../../api/metrics.rs" "/api/metrics" [GET POST];
            Mcp = mcp "../../api/mcp.rs" "/api/mcp" [POST];
            Health = health "../../api/health/_redis.rs" "/api/health/redis" [GET];
        }
    };
}

macro_rules! define_routes {
    ($($name:ident = $module:ident $file:literal $pattern:literal [$($method:ident)+];)+) => {
        /// A route: a file under `api/`, and a function on Vercel.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Route {
            $(#[doc = concat!("`", $pattern, "`")] $name,)+
        }

        impl Route {
            /// All routes.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name of the route's executable.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($module),)+
                }
            }

            /// The route's file, from the repository's root.
            pub fn file(self) -> &'static str {
                let file = match self {
                    $(Self::$name => $file,)+
                };
                file.trim_start_matches("../")
            }

            /// The paths that it serves: a segment in braces stands for any.
            pub fn pattern(self) -> &'static str {
                match self {
                    $(Self::$name => $pattern,)+
                }
            }

            /// The methods it takes; with GET goes HEAD.
            pub fn methods(self) -> &'static [Method] {
                match self {
                    $(Self::$name => {
                        const METHODS: &[Method] = &[$(Method::$method),+];
                        METHODS
                    })+
                }
            }
        }
    };
}

for_each_route!(define_routes);

impl Route {
    /// The route that serves `path`.
    pub fn find(path: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|route| is_match(route.pattern(), path))
    }

    /// Those that have a function of their own; another route's function serves each of the others.
    pub fn with_functions() -> impl Iterator<Item = Self> {
        let all = Self::ALL.iter().copied();
        all.filter(|route| {
            !route
                .file()
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .starts_with('_')
        })
    }

    /// Which of a function's routes a request is for: `self`, or one of the `others`.
    pub(super) fn or_one_of(self, others: &[Self], path: &str) -> Self {
        let found = Self::find(path);
        found.filter(|route| others.contains(route)).unwrap_or(self)
    }

    /// Refuses methods that the route does not take.
    pub(super) fn allow(self, method: &Method) -> Result<(), ApiError> {
        let methods = self.methods();
        if methods.contains(method) {
            return Ok(());
        }
        let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
        if methods.contains(&Method::GET) {
            names.push("HEAD");
        }
        Err(ApiError::MethodNotAllowed(names.join(", ")))
    }
}

/// The pattern that `path` belongs to, so that no id gets into a log; `other` where there is none.
pub fn route_of(path: &str) -> &'static str {
    Route::find(path).map_or("other", Route::pattern)
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

    #[test]
    fn a_pattern_belongs_to_one_route() {
        for route in Route::ALL {
            assert_eq!(Route::find(route.pattern()), Some(*route));
        }
    }
}
