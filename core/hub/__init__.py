"""Public checkpoints: which there are, what of them is here, how they come.

    from core.hub.catalogue import ITEMS, item, with_needs
    from core.hub.hub import Hub, Missing, Partial, Ready
    from core.hub.transfer import Transfer

Nothing here is imported or asked over the network before somebody wants a download.
"""
