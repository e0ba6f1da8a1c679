"""Eva, the virtual agent: what she says (`dialogue`, pure), where she looks (`sources`), and when
(`agent`). She answers from help articles and from the customer's own complaints, and from nothing
else: no source, no answer."""
