"""Copy this file into the folder of your agents. Then, with `pip install "sessiond[adk]"`:

adk web --session_service_uri=sessiond://localhost:50051 path/to/agents
"""

from sessiond.adk import register

register()
