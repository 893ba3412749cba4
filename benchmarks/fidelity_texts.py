"""English sentences that every speaker is made to say: telephone prompts and Harvard sentences."""

SENTENCES = (
    "The birch canoe slid on the smooth planks.",
    "Glue the sheet to the dark blue background.",
    "It's easy to tell the depth of a well.",
    "These days a chicken leg is a rare dish.",
    "Rice is often served in round bowls.",
    "The juice of lemons makes fine punch.",
    "Please enter your account number followed by the pound key.",
    "The person you are calling is not available at this time.",
    "Your message has been saved and will be delivered tomorrow morning.",
    "To listen to your new messages press one or hold the line.",
    "There are three other callers waiting in front of you.",
    "He had been very kind to her mother since the day they met.",
    "She thought that nobody would ever come to the old house again.",
    "We walked along the river until the sun went down behind the hills.",
)
