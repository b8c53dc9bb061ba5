"""The HTTP face: routes that check the request, call one service and shape the answer."""
