"""Client of sessiond, the session backend for Google ADK agents.

``sessiond.v1`` has the generated gRPC stubs, ``sessiond.tail`` follows a session live and ``sessiond.watch`` the list
of sessions; all need nothing but grpcio and protobuf. ``sessiond.adk`` has the session service for ADK agents and needs
the extra: ``pip install "sessiond[adk]"``.
"""

__version__ = "0.1.0"
