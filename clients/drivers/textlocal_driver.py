"""Every method of textlocal 0.1.0 from PyPI."""

from textlocal import Textlocal
from textlocal.messages import SMS
from textlocal.models import Response

from driver import ANN, BOB, CREDENTIALS, check

account = Textlocal(CREDENTIALS["apikey"], sender="Jims Autos")
TEXT = "50% off & more, Zoë: 1+1"

check("get_balance", account.get_balance, lambda balance: balance[0] > 0 and balance[1] == 0)
check("get_balance (username, hash)", Textlocal(None, CREDENTIALS["username"], CREDENTIALS["hash"]).get_balance)
check("get_templates", account.get_templates, lambda templates: templates[0]["title"] == "News")
check("check_keyword", lambda: account.check_keyword("SHOP"), lambda numbers: isinstance(numbers, list))
check("txt", lambda: account.txt([ANN], TEXT), lambda sent: sent["message"]["content"] == TEXT)
check("txt (sender)", lambda: account.txt([ANN], "Hi"), lambda sent: sent["message"]["sender"] == "Jims Autos")
check("txt (two numbers)", lambda: account.txt([ANN, BOB], "Hi"), lambda sent: sent["num_messages"] == 2)
check(
    "txt (test)",
    lambda: Textlocal(CREDENTIALS["apikey"], test=True).txt([ANN], "Hi"),
    lambda sent: sent["test_mode"],
)
check("SMS.prepare", lambda: SMS("Hi", [ANN]).prepare(), lambda fields: fields == {"message": "Hi", "numbers": [ANN]})
check("Response", lambda: Response({"status": str("success ".strip())}))
