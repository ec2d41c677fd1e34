"""The same examples in every run, and none kept."""

import hypothesis

hypothesis.settings.register_profile("fixed", derandomize=True, database=None, deadline=None, max_examples=200)
hypothesis.settings.load_profile("fixed")
