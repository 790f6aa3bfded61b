//! The page of what is covered, as a gate of one's own project.

use crate::program::Project;

#[test]
fn the_page_is_written_and_compared() {
    let project = Project::new();
    project.write(
        "scenarios/mine/expired.yaml",
        "scenario: a certificate expires\ncovers: [class:credentials, REQ-7]\nexpect: [never: panic]\n",
    );
    project.run(&["coverage", "--check"]).expect(1).says("brownout coverage --write");
    project.run(&["coverage", "--write"]).expect(0);
    project.run(&["coverage", "--check"]).expect(0);
    let text = project.run(&["coverage"]).expect(0).stdout;
    assert_eq!(text, project.read("scenarios/COVERAGE.md"));
    for told in
        ["| REQ-7 | [mine/expired](mine/expired.yaml) |", "| update | `class:update` | **open** | 0 |"]
    {
        assert!(text.contains(told), "{told} is not in\n{text}");
    }
    project.run(&["list"]).expect(0);
    project.write(
        "scenarios/mine/expired.yaml",
        "scenario: a\ncovers: [class:credential]\nexpect: [never: panic]\n",
    );
    project.run(&["coverage"]).expect(2).says("did you mean `credentials`?");
}
