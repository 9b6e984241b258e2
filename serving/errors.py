class BundleError(Exception):
    """A bundle is damaged, incomplete, or not what its manifest says; nothing of it is used."""


class FrameError(Exception):
    """Feature values that do not fit the bundle they were brought to; nothing is predicted from them."""
