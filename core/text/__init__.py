"""From a page of text to segments that an engine can say."""
