"""A page in HTML as its reader finds it."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """What a page is made of: tags with their attributes, the cells of its tables, row by row, and texts by id."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.tables, self.texts, self.place = [], [], {}, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        self.place = "cell" if tag in ("td", "th") else dict(attributes).get("id")

    def handle_endtag(self, tag):
        self.place = None

    def handle_data(self, data):
        if self.place == "cell":
            self.tables[-1][-1][-1] += data
        elif self.place:
            self.texts[self.place] = self.texts.get(self.place, "") + data

    def list(self, tag):
        """The attributes of each tag of a kind."""
        return [attributes for name, attributes in self.tags if name == tag]
