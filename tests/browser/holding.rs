//! Calls of the page's store that are held until the test lets them through, while the page is used meanwhile.

use serde_json::json;

use crate::browser::Browser;

/// Holds all calls of a method for whose arguments `isMeant` is true.
const HOLD: &str = "
    const [method] = args;
    const { store } = await import('/app/store.js');
    const waiting = [];
    store[method] = (...given) => {
        const run = () => Object.getPrototypeOf(store)[method].apply(store, given);
        if (!isMeant(...given)) return run();
        return new Promise((resolve, reject) => waiting.push({ run: () => run().then(resolve, reject), reject }));
    };
    window.held ??= {};
    window.held[method] = waiting;";

/// Ends that, and lets through what has been held.
const LET_THROUGH: &str = "
    const { store } = await import('/app/store.js');
    delete store[args[0]];
    for (const { run } of window.held[args[0]].splice(0)) await run();";

/// Ends that; what has been held fails.
const FAIL: &str = "
    const { store } = await import('/app/store.js');
    delete store[args[0]];
    const error = Object.assign(new Error('failed by a test'), { name: 'StoreError', code: args[1] });
    for (const { reject } of window.held[args[0]].splice(0)) reject(error);";

const SAVE: &str = "
    const [id, count] = args;
    const { store } = await import('/app/store.js');
    const messages = Array.from({ length: count }, (_, at) => ({
        id: `${id}-${at}`,
        type: at % 2 ? 'assistant' : 'user',
        content: `${id} ${at}`,
    }));
    await store.saveConversation({ id, title: id, messages });";

impl Browser {
    /// Saves a conversation with the page's store: questions and replies in turn, the first with the id and the text `{id}-0`
    /// and `{id} 0`.
    pub async fn save(&self, id: &str, messages: usize) {
        self.run(SAVE, &[json!(id), json!(messages)]).await;
        let id = json!(id);
        self.until(&format!(
            "[...document.querySelectorAll('.row .name')].some((node) => node.textContent === {id})"
        ))
        .await;
    }

    /// Holds the calls of a method of the page's store for whose arguments a JavaScript function is true.
    pub async fn hold(&self, method: &str, is_meant: &str) {
        let body = format!("const isMeant = {is_meant};{HOLD}");
        self.run(&body, &[json!(method)]).await;
    }

    /// Waits until a call of the method is held.
    pub async fn until_held(&self, method: &str) {
        self.until(&format!("window.held.{method}.length > 0"))
            .await;
    }

    /// Holds no more calls of the method, and waits until those that were held are through.
    pub async fn let_through(&self, method: &str) {
        self.run(LET_THROUGH, &[json!(method)]).await;
    }

    /// Holds no more calls of the method, and has those that were held fail.
    pub async fn fail_held(&self, method: &str, code: &str) {
        self.run(FAIL, &[json!(method), json!(code)]).await;
    }

    /// What the messages say on the path that is shown of a conversation, as far as it is loaded.
    pub async fn path(&self, id: &str) -> Vec<String> {
        let body = "
            const { store } = await import('/app/store.js');
            return (await store.getConversation(args[0])).messages.map(({ content }) => content);";
        let path = self.run(body, &[json!(id)]).await;
        serde_json::from_value(path).unwrap()
    }

    /// Waits until a function of a conversation, as the page's store has it, is true.
    pub async fn until_stored(&self, id: &str, is_so: &str) {
        let id = json!(id);
        self.until(&format!(
            "import('/app/store.js').then(({{ store }}) => store.getConversation({id})).then({is_so})"
        ))
        .await;
    }
}
