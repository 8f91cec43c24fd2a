"""Invented names of people, businesses and riders, by where they live."""

from __future__ import annotations


def _words(listed: str, separator: str = " ") -> tuple[str, ...]:
    return tuple(listed.split(separator))


FEMALE = _words(
    "Ama Akosua Adwoa Abena Akua Yaa Afua Esi Efua Araba Adjoa Maame Nana Serwaa Afia Dede Naa Korkor Mawusi "
    "Sena Dzifa Enyonam Fati Rahinatu Memuna Asana Gifty Patience Comfort Mercy Priscilla Sandra Linda Vida"
)
MALE = _words(
    "Kwame Kofi Kwaku Yaw Kojo Kwabena Kwasi Fiifi Ebo Kobina Nii Tetteh Ayitey Mawuli Selorm Edem Senyo "
    "Delali Alhassan Ibrahim Yakubu Iddrisu Abdulai Mumuni Emmanuel Samuel Isaac Ebenezer Prince Felix"
)
SURNAMES = _words(
    "Mensah Owusu Boateng Asante Osei Appiah Agyeman Addo Amoah Ofori Antwi Danso Sarpong Frimpong Opoku "
    "Acheampong Bonsu Darko Quaye Lamptey Nartey Tetteh Ankrah Armah Agbeko Dogbe Amegashie Kpodo Gbeho "
    "Mahama Alhassan Fuseini Seidu Issah Bawa Abubakari Quansah Essien Aidoo Arthur Baidoo Eshun Koomson"
)
FEMALE_ABROAD = _words(
    "Chioma Ngozi Amaka Adaeze Aminata Fatou Mariam Aya Adjoua Wanjiku Akinyi Ndeye Awa Zainab"
)
MALE_ABROAD = _words(
    "Chinedu Emeka Tunde Segun Koffi Yao Moussa Issa Ousmane Kamau Otieno Mamadou Cheikh Sékou"
)
SURNAMES_ABROAD = _words(
    "Okafor Adeyemi Balogun Eze Nwosu Kouassi Koné Traoré Ouédraogo Sawadogo Mwangi Odhiambo Diop Ndiaye Fall"
)

VENDOR_HEADS = _words(
    "Adinkra Kente Baobab Sankofa Volta Harmattan Osu Makola Akwaaba Cocoa Shea Sunrise Golden Crystal "
    "Royal Blue Savanna Anansi Adom Nyame Odo Ebenezer Unity Pioneer Heritage Palm Coastline Ridge Lakeside"
)
VENDOR_TAILS = _words(
    "Trading|Stores|Collections|Electronics|Foods|Fashion House|Home & Living|Beauty|Mart|Supplies|"
    "Gadgets|Organics|Textiles|Books|Sports|Ventures|Bazaar|Wholesale|Boutique",
    "|",
)
STREETS = _words(
    "Independence Avenue|Liberation Road|Market Street|Station Road|Ring Road|Palm Wine Lane|Cocoa Street|"
    "Mission Street|Harbour Road|Hospital Road|School Lane|Old Town Road|Airport Road|Lagoon View",
    "|",
)
