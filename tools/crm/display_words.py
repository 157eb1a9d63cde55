"""Display words of the CRM: how are customers and deals named where people sign?"""

from policies.gate.display import Both

CUSTOMER: Both = {"vi": "Khách hàng", "en": "Customer"}
DEAL: Both = {"vi": "Cơ hội", "en": "Deal"}
STAGE: Both = {"vi": "Giai đoạn", "en": "Stage"}
REASON: Both = {"vi": "Lý do", "en": "Reason"}
PRIVATE: Both = {"vi": "Cơ hội này là riêng tư.", "en": "The deal is private."}
