//! The lists of commands in the documentation, compared with the commands of the engine.

use embedded_store::engine::command_names;

#[test]
fn the_documentation_lists_the_commands_of_the_embedded_store() {
    let names = command_names();
    let mut names: Vec<_> = names
        .map(|name| name.replace('|', " ").to_uppercase())
        .collect();
    names.sort();
    for file in ["README.md", "../docs/development.md"] {
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let (_, list) = text.split_once("<!-- commands -->").unwrap();
        let (list, _) = list.split_once("<!-- end -->").unwrap();
        let listed = list.split(',').map(|name| name.trim().trim_matches('`'));
        let listed: Vec<_> = listed.collect();
        assert_eq!(listed, names, "{file}: {}", names.join(", "));
    }
}
